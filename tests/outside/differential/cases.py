"""Generates pairs of AWS files and a request from a seed.

Each case is written twice from one random structure: for aws-auth and for botocore. The two texts differ only in what
aws-auth is documented to read differently from the AWS CLI (a comment after a value, a byte order mark, AWS_REGION …).
The names of these differences are kept with the case.
"""

import json
import random
import shlex
from dataclasses import dataclass, field

PARTITIONS = {"aws": 20, "aws-cn": 1, "aws-us-gov": 1}
REGIONS = ["eu-west-1", "us-east-1", "eu-central-1", "ap-southeast-2", "us-west-2", "af-south-1"]
NAMES = ["a", "b", "c", "jo", "b c", "ü", "x-y", "team.dev", "a@b", "default"]
ODD_NAMES = ['q"x', "it's", "back\\slash", "#x", "a;b", "a=b", "a:b", "[x", " x"]
ODD_NAMES += ["profile", "profile x", "DEFAULT", "Default"]
ODD_REGIONS = ["not a region", "eu_west_1", "EU-WEST-1", "-x", "xx-new-9", '"eu-west-1"', "eu-west-1a"]
SESSION_NAMES = ["jo", "jo.doe@example", "ci+build=7", "x" * 64, "x" * 65, "with space", '"jo"', "é"]
EXTERNAL_IDS = ["Unique/42", "a:b=c@d", '"quoted"', "schlüssel", "x=y", "1", "with space", "'single'", "a,b"]
DURATIONS = ["900", "3600", "1800", "3600", "43200", "899", "43201", "7200", "0", "-1"]
NOT_INTEGERS = ["1h", "soon", "", "3600.0", '"3600"']
JUNK_HEADERS = ["plugins", "preview", "sso-session corp", "profile", "profile one two", "services", "Default"]
JUNK_KEYS = ["output = json", "cli_pager =", "color: never", "unknown_key = v", "retry_mode = standard"]
ODD_VALUES = ["", "  ", "= x", "a\tb", "x\u00a0", "\u2003x", "a  b", "%(region)s", "$HOME", "~"]
ODD_ANSWERS = [
    ("Version", 2),
    ("Version", "1"),
    ("Version", "absent"),
    ("AccessKeyId", "absent"),
    ("SecretAccessKey", "absent"),
    ("SessionToken", None),
    ("Expiration", None),
    ("Expiration", "2001-01-01T00:00:00Z"),
    ("Expiration", "soon"),
    ("AccountId", "123456789012"),
    ("Unknown", {"nested": []}),
]
GAPS = [
    [],
    [],
    [""],
    ["# a comment"],
    ["", "; role_arn = commented-out", ""],
    ["   # an indented comment"],
    ["   "],
]
NESTED = [
    "s3 =\n  max_concurrent_requests = 20\n  role_arn = arn:aws:iam::999999999999:role/nested",
    "s3=\n    addressing_style=path",
    "sts =\n  region = xx-nested-1\n\n  source_profile = nowhere",
]


@dataclass
class Entry:
    """A key of a section. `plain` is the value for botocore, if it differs."""

    key: str
    value: str
    plain: str | None = None
    before: list = field(default_factory=list)  # earlier values of the key
    style: str = " = "


@dataclass
class Section:
    header: str
    entries: list
    lines: list = field(default_factory=list)  # further lines, the same in both files
    split: bool = False  # written as two sections with the same header
    indent: str = ""


@dataclass
class Case:
    number: int
    config: str
    credentials: str
    plain_config: str
    plain_credentials: str
    profile: str | None
    by_option: bool
    environment: dict
    plain_environment: dict
    readings: set
    features: set

    def command(self):
        words = [f"{name}={value!r}" for name, value in self.environment.items()]
        option = f"-p {self.profile!r}" if self.by_option else ""
        return " ".join([*words, "aws-auth", option]).strip()

    def __str__(self):
        parts = [f"case {self.number}: {self.command()}", *numbered("config", self.config)]
        parts += numbered("credentials", self.credentials)
        if self.readings:
            parts.append(f"botocore was given another text for: {', '.join(sorted(self.readings))}")
            parts += numbered("config for botocore", self.plain_config) if self.plain_config != self.config else []
            if self.plain_credentials != self.credentials:
                parts += numbered("credentials for botocore", self.plain_credentials)
        return "\n".join(parts)


def numbered(title, text):
    """The lines of a file with their numbers, to show."""
    if not text:
        return [f"--- {title}: no file"]
    lines = text.split("\n")
    visible = (line.replace("\r", "\\r").replace("\ufeff", "\\ufeff") for line in lines)
    return [f"--- {title}"] + [f"{number:3} {line}" for number, line in enumerate(visible, 1)]


def make(seed, number):
    """The case with this number. It depends only on the seed and the number."""
    return _Maker(random.Random(f"{seed}/{number}"), number).make()


class _Maker:
    def __init__(self, rng, number):
        self.rng = rng
        self.number = number
        self.readings = set()
        self.features = set()
        self.config = []
        self.credentials = []

    def chance(self, probability):
        return self.rng.random() < probability

    def one(self, values):
        return self.rng.choice(values)

    # --- the whole ---------------------------------------------------------------------------------------------------

    def make(self):
        self.endpoints = self.chance(0.12)
        names = self.rng.sample(NAMES, self.one([1, 2, 2, 3, 3, 4, 5]))
        if self.chance(0.05):
            names[self.rng.randrange(len(names))] = self.one(ODD_NAMES)
            self.features.add("an odd name")
        self.partition = self.rng.choices(list(PARTITIONS), PARTITIONS.values())[0]
        for index, name in enumerate(names):
            self.profile(name, names, index)
        if self.chance(0.08):
            self.junk_sections()
        if self.chance(0.06):
            self.shadowed(self.one(names))
        if self.chance(0.06):
            self.defaults()

        # Sections may be in any order; the parsers decide which one wins.
        if self.chance(0.5):
            self.rng.shuffle(self.config)
        if self.chance(0.5):
            self.rng.shuffle(self.credentials)

        environment, plain_environment = self.environment()
        profile, by_option = self.choose(names)
        if profile is not None and not by_option:
            variable = "AWS_PROFILE" if self.chance(0.95) else "AWS_DEFAULT_PROFILE"
            environment[variable] = plain_environment[variable] = profile
        if "AWS_PROFILE" in environment and self.chance(0.03):
            environment["AWS_DEFAULT_PROFILE"] = self.one([*names, "other"])
            self.readings.add("AWS_PROFILE wins over AWS_DEFAULT_PROFILE")
        config, plain_config = self.render(self.config)
        credentials, plain_credentials = self.render(self.credentials)
        return Case(
            number=self.number,
            config=config,
            credentials=credentials,
            plain_config=plain_config,
            plain_credentials=plain_credentials,
            profile=profile,
            by_option=by_option,
            environment=environment,
            plain_environment=plain_environment,
            readings=self.readings,
            features=self.features,
        )

    def choose(self, names):
        if "default" in names and self.chance(0.3):
            return None, False
        roll = self.rng.random()
        name = names[0] if roll < 0.85 else self.one(names) if roll < 0.96 else "nowhere"
        return name, self.chance(0.5)

    def environment(self):
        environment = {}
        if not self.endpoints:
            environment["AWS_ENDPOINT_URL_STS"] = "{main}"
        if self.chance(0.05):
            environment["AWS_ENDPOINT_URL"] = "{two}"
        if self.chance(0.2):
            environment["AWS_DEFAULT_REGION"] = self.one(REGIONS)
        if "credential_source" in self.features and self.chance(0.7):
            environment |= {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT00000", "AWS_SECRET_ACCESS_KEY": "secret-env"}
            if self.chance(0.3):
                environment["AWS_SESSION_TOKEN"] = "token-env"
        if "credential_source" in self.features and self.chance(0.5):
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "{one}/container"
        if self.chance(0.06):
            environment |= {
                "AWS_WEB_IDENTITY_TOKEN_FILE": self.one(["{directory}/token"] * 5 + ["{directory}/missing", ""])
            }
            self.features.add("web identity in the environment")
            if self.chance(0.85):
                environment["AWS_ROLE_ARN"] = "arn:aws:iam::100000000009:role/FromTheEnvironment"
            if self.chance(0.5):
                environment["AWS_ROLE_SESSION_NAME"] = "environment"
        plain = dict(environment)
        if self.chance(0.05):
            environment["AWS_REGION"] = plain["AWS_DEFAULT_REGION"] = self.one(REGIONS)
            self.readings.add("AWS_REGION")
        return environment, plain

    # --- profiles ----------------------------------------------------------------------------------------------------

    def profile(self, name, names, index):
        config, credentials = [], []
        last = index == len(names) - 1
        kinds = {
            "role": 2 if last else 120 if index == 0 else 60,
            "static": 80 if last else 4,
            "role and keys": 10 if last else 6,
            "no credentials": 2,
            "partial": 2,
            "process": 8 if last else 3,
            "web identity": 6 if last else 2,
        }
        kind = self.rng.choices(list(kinds), kinds.values())[0]
        self.features.add(kind)
        if kind in ("role", "role and keys", "web identity"):
            self.role(name, names, index, kind, config, credentials)
        if kind in ("static", "role and keys", "partial"):
            self.keys(name, kind, config, credentials)
        if kind == "process":
            config.append(Entry("credential_process", self.process(name)))
        if self.chance(0.75):
            config.append(Entry("region", self.one(REGIONS)))
        elif self.chance(0.03):
            config.append(Entry("region", self.one(ODD_REGIONS)))
            self.features.add("an odd region")
        if self.chance(0.03):
            config.append(Entry("sts_regional_endpoints", self.one(["legacy", "regional"])))
            self.features.add("sts_regional_endpoints")
        if kind == "static" and self.chance(0.04):
            config.append(Entry("mfa_serial", self.serial()))
            self.features.add("mfa_serial without a role")
        if self.endpoints:
            self.endpoint(name, config)
        self.noise(config)
        if config and self.chance(0.97):
            self.config.append(self.section(self.header(name), config))
        if credentials:
            self.noise(credentials)
            self.credentials.append(self.section(name, credentials))

    def role(self, name, names, index, kind, config, credentials):
        path = self.one(["", "path/"])
        entries = [Entry("role_arn", f"arn:{self.partition}:iam::{100000000000 + index}:role/{path}R{index}")]
        if self.chance(0.02):
            entries[0].value = self.one(["R1", '"' + entries[0].value + '"', "arn:aws:iam::1:role/short", ""])
        source, credential_source = self.source(name, names, index, kind)
        if source is not None:
            entries.append(Entry("source_profile", source))
        if credential_source is not None:
            entries.append(Entry("credential_source", credential_source))
            self.features.add("credential_source")
        if kind == "web identity":
            entries.append(Entry("web_identity_token_file", "{directory}/token"))
        for key, probability, values in (
            ("external_id", 0.25, EXTERNAL_IDS),
            ("role_session_name", 0.3, SESSION_NAMES),
            ("duration_seconds", 0.3, DURATIONS),
        ):
            if self.chance(probability):
                # Prefers the first values, which are well-formed.
                entries.append(Entry(key, values[min(int(self.rng.expovariate(1)), len(values) - 1)]))
                self.features.add(key)
        if self.chance(0.02):
            entries = [entry for entry in entries if entry.key != "duration_seconds"]
            entries.append(Entry("duration_seconds", self.one(NOT_INTEGERS)))
            self.features.add("duration_seconds that is no integer")
        if self.chance(0.3):
            entries.append(Entry("mfa_serial", self.serial()))
            self.features.add("mfa_serial")
        if self.chance(0.01):
            serial = self.one(
                ["arn:aws:iam::398263320410:mfa/<IAM username>", "arn:aws:iam::398263320410:u2f/user/jo/key"]
            )
            entries = [entry for entry in entries if entry.key != "mfa_serial"] + [Entry("mfa_serial", serial)]
            self.features.add("a serial that gives no codes")
        self.rng.shuffle(entries)
        for entry in entries:
            self.place(entry, config, credentials)

    def serial(self):
        return f"arn:{self.partition}:iam::111122223333:mfa/{self.one(['jo', 'path/jo', 'jo@x'])}"

    def source(self, name, names, index, kind):
        """source_profile and credential_source. Mostly the next profile, so that chains end at keys."""
        following = names[index + 1] if index + 1 < len(names) else None
        roll = self.rng.random()
        if kind == "web identity" and roll < 0.7:
            return None, None
        if kind == "role and keys" and roll < 0.4:
            return name, None
        if roll < 0.86:
            return following or self.one(names), None
        if roll < 0.89:
            return self.one(names), None
        if roll < 0.91:
            self.features.add("source_profile names itself")
            return name, None
        if roll < 0.92:
            return self.one(["missing", f'"{following or name}"', ""]), None
        if roll < 0.97:
            others = ["Ec2InstanceMetadata", "EcsContainer", "environment", "Nonsense"]
            return None, self.one(["Environment"] * 6 + others)
        if roll < 0.985:
            return following or name, "Environment"
        return None, None

    def keys(self, name, kind, config, credentials):
        number = self.rng.randint(10, 99)
        letters = "".join(letter for letter in name.upper() if letter.isascii() and letter.isalnum())
        access = Entry("aws_access_key_id", f"AKIA{number}{letters}")
        secret = Entry("aws_secret_access_key", f"secret/{number}+{self.one(['abc', 'x=y', '#no-comment', '%(x)s'])}")
        entries = [access, secret]
        if self.chance(0.15):
            entries.append(Entry(self.one(["aws_session_token"] * 5 + ["aws_security_token"]), f"token{number}=="))
        if kind == "partial":
            entries.remove(self.one([access, secret]))
        roll = self.rng.random()
        if roll < 0.6:
            credentials += entries
        elif roll < 0.85:
            config += entries
        elif roll < 0.93:
            # Both files have keys; the pair in the credentials file wins.
            credentials += entries
            config += [Entry(entry.key, entry.value + "config") for entry in entries]
        else:
            self.features.add("keys over two files")
            for entry in entries:
                self.one([config, credentials]).append(entry)

    def place(self, entry, config, credentials):
        """Adds a key to one or both files; the credentials file wins."""
        roll = self.rng.random()
        if roll < 0.88:
            config.append(entry)
        elif roll < 0.95:
            credentials.append(entry)
            self.features.add("role keys in the credentials file")
        else:
            credentials.append(entry)
            config.append(Entry(entry.key, self.one(["overridden", "1234", "arn:aws:iam::1:role/overridden"])))
            self.features.add("a key in both files")

    def process(self, name):
        """A command that prints credentials, mostly valid ones."""
        answer = {"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "secret process"}
        if self.chance(0.4):
            answer["SessionToken"] = "token-process"
        if self.chance(0.3):
            answer["Expiration"] = self.one(
                ["2099-01-01T00:00:00Z", "2099-01-01T00:00:00+00:00", "2099-01-01T01:00:00+01:00"]
            )
        if self.chance(0.25):
            name, value = self.one(ODD_ANSWERS)
            answer[name] = value
            self.features.add("an odd answer of credential_process")
        text = json.dumps({name: value for name, value in answer.items() if value != "absent"})
        quoted = self.one([f"'{text}'", '"' + text.replace('"', '\\"') + '"'])
        return self.one(
            [f"printf %s {quoted}"] * 5 + [f"echo {quoted} # not a comment", "false", "printf junk", "no-such"]
        )

    def endpoint(self, name, config):
        if self.chance(0.6):
            config.append(Entry("endpoint_url", self.one(["{one}", "{two}"])))
        else:
            services = self.one(["s1", "my services"])
            config.append(Entry("services", services))
            config.append(Entry("endpoint_url", "{two}"))
            header = f'services "{services}"' if " " in services else f"services {services}"
            if not any(section.header == header for section in self.config):
                nested = "sts =\n  endpoint_url = {one}\ns3 =\n  endpoint_url = {two}"
                self.config.append(Section(header, [], lines=[nested]))
        self.features.add("endpoint_url")

    # --- what stands around them -------------------------------------------------------------------------------

    def header(self, name):
        if name == "default":
            return self.one(["default"] * 4 + ["profile default"])
        quoted = f'profile "{name}"'
        if " " in name:
            escaped = name.replace(" ", "\\ ")
            return self.one([quoted] * 4 + [f"profile '{name}'"] * 2 + [f"profile {escaped}"] * 2 + [f"profile {name}"])
        if name in ODD_NAMES:
            return self.one([f"profile {shlex.quote(name)}", f"profile {name}", f'profile "{name}"'])
        roll = self.rng.random()
        if roll < 0.93:
            return f"profile {name}"
        self.features.add("an odd header")
        return self.one(
            [
                quoted,
                f"profiles {name}",
                f"profile   {name}",
                f"profile\t{name}",
                f"profile '{name}'",
                f"profile{name}",
                f" profile {name}",
                f'profile "{name}',
                name,
            ]
        )

    def junk_sections(self):
        for _ in range(self.rng.randint(1, 3)):
            header = self.one(JUNK_HEADERS)
            if not any(section.header == header for section in self.config):
                self.config.append(Section(header, [Entry("role_arn", "arn:aws:iam::999999999999:role/junk")]))

    def shadowed(self, name):
        """The same profile with another spelling of its header: the later section replaces the earlier one."""
        header = "profile default" if name == "default" else f'profile  "{name}"'
        if not any(section.header == header for section in self.config):
            self.config.append(Section(header, [Entry("region", self.one(REGIONS)), Entry("output", "text")]))
            self.features.add("a profile under two headers")

    def defaults(self):
        """The values of [DEFAULT] in capitals apply to every section of its file."""
        values = [("region", "eu-west-3"), ("external_id", "from-DEFAULT"), ("duration_seconds", "1200")]
        section = Section("DEFAULT", [Entry(*self.one(values))])
        self.one([self.config, self.credentials]).append(section)
        self.features.add("[DEFAULT]")

    def noise(self, entries):
        for entry in entries:
            if self.chance(0.006) and entry.key != "sts_regional_endpoints":
                entry.value = self.one(ODD_VALUES)
                self.features.add("an odd value")
            entry.style = self.one([" = "] * 6 + ["=", ": ", ":", " =", "\t=\t", "= "])
            if self.chance(0.04):
                entry.key = entry.key.upper() if self.chance(0.5) else entry.key.title()
                self.features.add("keys in capitals")
            if entry.value.startswith("#") and entry.style[-1:] in (" ", "\t"):
                entry.plain = ""
                self.readings.add("a comment after a value")
            elif self.chance(0.03) and entry.key.lower() != "credential_process":
                entry.plain = entry.value
                entry.value += self.one([" # comment", " ; comment", "\t# comment", " #"])
                self.readings.add("a comment after a value")
            if self.chance(0.02):
                entry.before.append(Entry(entry.key, "an-earlier-value"))
                self.features.add("a key twice in a section")
        self.rng.shuffle(entries)
        if self.chance(0.015) and entries:
            # A line that is indented deeper is part of the value before it.
            entry = self.one(entries)
            # botocore accepts nested keys as a secret key that is a map, which is never intended.
            if not entry.key.lower().startswith("aws_"):
                entry.style = self.one(["\n  = ", "=\n  ", " =\n    "])
                self.features.add("a value on the next line")
        elif self.chance(0.015) and len(entries) > 1:
            entries[-1].key = "   " + entries[-1].key
            self.features.add("a key that continues the value before it")

    def section(self, header, entries):
        section = Section(header, entries)
        for probability, lines in ((0.25, JUNK_KEYS), (0.12, NESTED)):
            if self.chance(probability):
                section.lines.append(self.one(lines))
        if self.chance(0.03):
            section.lines.append("note = first\n   second line\n  third = line")
            self.features.add("a continued value")
        if self.chance(0.005):
            section.lines.append(self.one(["no delimiter here", "s3 =\n  no delimiter", "= no key"]))
            self.features.add("a malformed line")
        if self.chance(0.04) and len(entries) > 1:
            section.split = True
            self.features.add("a section twice")
        if self.chance(0.05) and not section.lines:
            section.indent = "  "
            self.features.add("an indented section")
        return section

    # --- text ----------------------------------------------------------------------------------------------------

    def render(self, sections):
        """The file for aws-auth, and the file for botocore."""
        ours, theirs, later = [], [], []
        for section in sections:
            plain_header = header = f"[{section.header}]"
            if self.chance(0.03):
                header += self.one([" # the profile", " trailing", " ; x", "   ", "]"])
                plain_header = header
            elif self.chance(0.005):
                header += " # see [1]"
                self.readings.add("a comment with a bracket after a header")
            if self.chance(0.01):
                header, plain_header = "  " + header, "  " + plain_header
                self.features.add("an indented header")
            entries = [[self.line(section, entry, plain) for plain in (False, True)] for entry in section.entries]
            more = [line for text in section.lines for line in text.split("\n")]
            gap = self.one(GAPS)
            for lines, head, plain in ((ours, header, False), (theirs, plain_header, True)):
                texts = [entry[plain] for entry in entries]
                if section.split and "a profile under two headers" not in self.features:
                    middle = len(texts) // 2
                    later.append((plain, [head, *texts[middle:]]))
                    texts = texts[:middle]
                lines += [head, *texts, *more, *gap]
        for plain, lines in later:
            (theirs if plain else ours).extend(lines)
        end = self.one(["\n"] * 16 + ["\r\n"] * 2 + ["\r"])
        text, plain = (end.join("\n".join(lines).split("\n")) + end if lines else "" for lines in (ours, theirs))
        if text and self.chance(0.03):
            text = "\ufeff" + text
            self.readings.add("a byte order mark")
        return text, plain

    def line(self, section, entry, plain):
        value = entry.plain if plain and entry.plain is not None else entry.value
        lines = [f"{section.indent}{old.key} = {old.value}" for old in entry.before]
        return "\n".join([*lines, f"{section.indent}{entry.key}{entry.style}{value}"])
