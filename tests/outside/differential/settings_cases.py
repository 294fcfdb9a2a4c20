"""Generates profiles whose settings differ, for test_settings.py: what is in `[default]`, in the chosen profile and in
the caller's environment, each a random part of the settings that botocore and the AWS CLI know."""

import copy
import random
from dataclasses import dataclass, field

from cases import REGIONS, numbered

TRUTHS = ["true", "false", "True", "FALSE"]
CHECKSUMS = ["when_required", "when_supported", "WHEN_REQUIRED"]

# Values of each setting; `{owner}` is the section or environment that the value stands in.
SETTINGS = {
    "region": REGIONS,
    "output": ["json", "text", "table", "yaml"],
    "endpoint_url": ["https://{owner}.example", "http://{owner}.example:8080/path"] * 4 + [""],
    "services": ["s1", "s2", "s3"],
    "ca_bundle": ["/{owner}.pem"],
    "ignore_configured_endpoint_urls": TRUTHS,
    "retry_mode": ["standard", "legacy", "adaptive"],
    "max_attempts": ["1", "4", "7"],
    "use_fips_endpoint": TRUTHS,
    "use_dualstack_endpoint": TRUTHS,
    "sts_regional_endpoints": ["legacy", "regional"],
    "sigv4a_signing_region_set": ["*", "eu-west-1,us-east-1"],
    "auth_scheme_preference": ["sigv4a", "sigv4, sigv4a"],
    "account_id_endpoint_mode": ["preferred", "disabled", "required"],
    "request_checksum_calculation": CHECKSUMS,
    "response_checksum_validation": CHECKSUMS,
    "disable_request_compression": TRUTHS,
    "request_min_compression_size_bytes": ["0", "128", "1048576"],
    "sdk_ua_app_id": ["app-of-{owner}"],
    "s3_disable_express_session_auth": TRUTHS,
    "disable_host_prefix_injection": TRUTHS,
    "endpoint_discovery_enabled": [*TRUTHS, "auto"],
    "defaults_mode": ["standard", "legacy", "in-region", "cross-region", "mobile"],
    "s3_use_arn_region": TRUTHS,
    "s3_us_east_1_regional_endpoint": ["legacy", "regional"],
    "cli_pager": ["", "less", "cat -{owner}"],
    "cli_timestamp_format": ["iso8601", "wire"],
    "cli_binary_format": ["raw-in-base64-out"],
    "cli_history": ["enabled"],
    "tcp_keepalive": TRUTHS,
    "parameter_validation": TRUTHS,
    "metadata_service_timeout": ["1", "5"],
    "metadata_service_num_attempts": ["1", "3"],
    "ec2_metadata_v1_disabled": TRUTHS,
    "imds_use_ipv6": TRUTHS,
    "csm_port": ["31001"],
    "my_tool": ["a value of {owner}", "first\n    second"],
    # These hold nested keys.
    "api_versions": ["\n    dynamodb = 2012-08-10", "\n    s3 = 2006-03-01\n    kms = 2014-11-01"],
    "s3": [],
    "dynamodb": ["\n    color = {owner}"],
}

NESTED_IN_S3 = {
    "addressing_style": ["path", "virtual", "auto"],
    "use_accelerate_endpoint": TRUTHS,
    "use_dualstack_endpoint": TRUTHS,
    "payload_signing_enabled": TRUTHS,
    "use_arn_region": TRUTHS,
    "us_east_1_regional_endpoint": ["legacy", "regional"],
    "max_concurrent_requests": ["20"],
    "multipart_threshold": ["64MB"],
}

# botocore rejects some of them, for some settings.
ODD_VALUES = ["", "", "nonsense", "-1", "1.5", "yes", "a\tb", "v\n    continued", "\n    nested = value"]

# The variables of the caller, with the setting whose values they take.
ENVIRONMENT = {
    "AWS_REGION": "region",
    "AWS_DEFAULT_REGION": "region",
    "AWS_ENDPOINT_URL": "endpoint_url",
    "AWS_ENDPOINT_URL_S3": "endpoint_url",
    "AWS_ENDPOINT_URL_KMS": "endpoint_url",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "ignore_configured_endpoint_urls",
    "AWS_DEFAULT_OUTPUT": "output",
    "AWS_RETRY_MODE": "retry_mode",
    "AWS_MAX_ATTEMPTS": "max_attempts",
    "AWS_USE_FIPS_ENDPOINT": "use_fips_endpoint",
    "AWS_USE_DUALSTACK_ENDPOINT": "use_dualstack_endpoint",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "request_checksum_calculation",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "response_checksum_validation",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "account_id_endpoint_mode",
    "AWS_DEFAULTS_MODE": "defaults_mode",
    "AWS_S3_USE_ARN_REGION": "s3_use_arn_region",
    "AWS_SDK_UA_APP_ID": "sdk_ua_app_id",
    "AWS_CA_BUNDLE": "ca_bundle",
    "AWS_PAGER": "cli_pager",
    "AWS_METADATA_SERVICE_TIMEOUT": "metadata_service_timeout",
    "BOTOCORE_TCP_KEEPALIVE": "tcp_keepalive",
}

# What `[default]` may have besides settings. None of it may reach the command.
OTHERS_OF_DEFAULT = [
    {"aws_access_key_id": "AKIADEFAULT", "aws_secret_access_key": "secret-default"},
    {"role_arn": "arn:aws:iam::100000000001:role/OfDefault", "source_profile": "other"},
    {"credential_process": "false", "aws_account_id": "100000000002"},
    {"sso_session": "corp", "sso_account_id": "100000000003", "sso_role_name": "Admin"},
    {"mfa_serial": "arn:aws:iam::100000000004:mfa/jo", "mfa_process": "false", "duration_seconds": "900"},
]

NAMES = ["p", "jo", "b c", "team.dev", "x-y", "ü"]
SERVICES = ["s3", "kms", "dynamodb", "sts", "elastic_beanstalk", "api-gateway"]
ACCOUNT, ANOTHER_ACCOUNT = "111111111111", "222222222222"
ACCESS_KEY, SOURCE_KEY = "AKIACHOSEN", "AKIASOURCE"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Role"


@dataclass
class Case:
    number: int
    profile: str
    config: dict  # a header's keys and values
    credentials: dict
    environment: dict
    header: str  # of the profile in the config file
    options: list = field(default_factory=list)
    source: str | None = None  # the header of the source profile, if the profile assumes a role

    def texts(self):
        """The two files."""
        return tuple("".join(_section(*entry) for entry in file.items()) for file in (self.config, self.credentials))

    def changed(self):
        return copy.deepcopy(self)

    def sections(self):
        """The profile's section in each file."""
        return self.config.setdefault(self.header, {}), self.credentials.setdefault(self.profile, {})

    def get(self, key):
        """A setting of the chosen profile. The credentials file counts more, and [DEFAULT] is part of each section."""
        own, in_credentials = self.sections()
        return in_credentials.get(key, own.get(key, self.config.get("DEFAULT", {}).get(key)))

    def remove(self, key):
        """Removes a setting of the chosen profile from both files."""
        for section in self.sections():
            section.pop(key, None)

    def __str__(self):
        words = [f"{name}={value!r}" for name, value in self.environment.items()]
        words += ["aws-auth", "-p", repr(self.profile), *self.options]
        config, credentials = self.texts()
        lines = [f"case {self.number}: {' '.join(words)}", *numbered("config", config)]
        return "\n".join(lines + numbered("credentials", credentials))


def _section(header, entries):
    lines = (f"{key} ={'' if value.startswith(chr(10)) else ' '}{value}\n" for key, value in entries.items())
    return f"[{header}]\n{''.join(lines)}\n"


def make(seed, number):
    """The case with this number. It depends only on the seed and the number."""
    return _Maker(random.Random(f"settings/{seed}/{number}"), number).make()


class _Maker:
    def __init__(self, rng, number):
        self.rng = rng
        self.number = number

    def chance(self, probability):
        return self.rng.random() < probability

    def one(self, values):
        return self.rng.choice(values)

    def make(self):
        name = "default" if self.chance(0.06) else self.one(NAMES)
        default = self.one(["default"] * 9 + ["profile default"])
        header = default if name == "default" else f'profile "{name}"' if " " in name else f"profile {name}"
        config = {}
        if name != "default" and self.chance(0.95):
            config[default] = self.settings("default")
            if self.chance(0.3):
                config[default] |= self.one(OTHERS_OF_DEFAULT)
        config[header] = own = self.settings("profile")
        for key, value in config.get(default, {}).items():
            # Often both have the same value.
            if key in SETTINGS and self.chance(0.25):
                own[key] = value
        config["profile other"] = self.settings("other") if self.chance(0.3) else {}
        for section in SETTINGS["services"]:
            config[f"services {section}"] = self.services(section)
        if self.chance(0.04):
            config["DEFAULT"] = self.some_of("for-all", ["region", "output", "retry_mode", "cli_pager", "my_tool"])
        config["sso-session corp"] = {"sso_start_url": "https://sso.example", "sso_region": "us-east-1"}
        case = Case(self.number, name, config, {}, self.environment(), header)
        self.credentials_of(case, default)
        if self.chance(0.05):
            case.options += ["--region", self.one(REGIONS)]
        for file in ("config", "credentials"):
            sections = list(getattr(case, file).items())
            self.rng.shuffle(sections)
            setattr(case, file, dict(sections))
        return case

    def credentials_of(self, case, default):
        """What the credentials file has: mostly only the keys of the chosen profile."""
        own, in_credentials = case.sections()
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": "secret"}
        if self.chance(0.12):
            own |= {"role_arn": ROLE, "source_profile": "source", "role_session_name": "jo"}
            case.source = "profile source"
            case.config[case.source] = self.settings("source")
            case.credentials["source"] = {**keys, "aws_access_key_id": SOURCE_KEY}
            # The role is assumed at the recorder.
            case.environment["AWS_ENDPOINT_URL_STS"] = "{main}"
            own.pop("ignore_configured_endpoint_urls", None)
            case.environment.pop("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None)
        else:
            if self.chance(0.3):
                keys["aws_account_id"] = ACCOUNT
            self.one([own, in_credentials, in_credentials]).update(keys)
        if self.chance(0.12):
            keys = [key for key in SETTINGS if not case.source or not key.startswith("ignore")]
            in_credentials |= self.some_of("own-credentials", keys)
        if case.profile != "default" and self.chance(0.07):
            keys = [key for key in SETTINGS if key != "services"]
            case.credentials["default"] = of_default = self.some_of("default-credentials", keys)
            if self.chance(0.3):
                of_default["endpoint_url"] = "https://default-credentials.example"
        if not in_credentials:
            del case.credentials[case.profile]

    # --- settings ----------------------------------------------------------------------------------------------------

    def settings(self, owner):
        density = self.one([0, 0, 0.03, 0.03, 0.06, 0.1, 0.25])
        return {key: self.value(key, owner) for key in SETTINGS if self.chance(density)}

    def some_of(self, owner, keys):
        return {key: self.value(key, owner) for key in self.rng.sample(keys, self.one([1, 1, 2, 4]))}

    def value(self, key, owner, odd=0.025):
        if self.chance(odd):
            return self.one(ODD_VALUES)
        if key == "services" and self.chance(0.02):
            return "missing"
        if key == "s3":
            nested = self.rng.sample(sorted(NESTED_IN_S3), self.one([1, 2, 3]))
            return "".join(f"\n    {key} = {self.one(NESTED_IN_S3[key])}" for key in nested)
        return self.one(SETTINGS[key]).replace("{owner}", owner)

    def services(self, section):
        """A section of endpoints for some services."""
        services = self.rng.sample(SERVICES, self.one([0, 1, 1, 2, 3]))
        lines = [f"endpoint_url = https://{{service}}.{section}.example", "other = 1", "endpoint_url ="]
        return {service: f"\n    {self.one(lines[:1] * 8 + lines).format(service=service)}" for service in services}

    def environment(self):
        density = self.one([0, 0, 0.03, 0.1, 0.2])
        environment = {}
        for name, key in ENVIRONMENT.items():
            if self.chance(density):
                environment[name] = self.value(key, "caller", odd=0.05).split("\n")[0]
        if self.chance(0.1):
            environment["AWS_ACCOUNT_ID"] = self.one([ACCOUNT, ANOTHER_ACCOUNT, ""])
        if self.chance(0.1):
            environment["AWS_PROFILE"] = "other"
        return environment
