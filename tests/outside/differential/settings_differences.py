"""Where the settings that a command sees differ on purpose from those that botocore sees with AWS_PROFILE=NAME.

A rule changes the case that botocore is given, as far as the documented difference goes. What is seen must then be the
same. The docstring of a rule is the name of the difference.
"""

import re

from ours import REFUSED
from settings_cases import ACCOUNT
from settings_names import CARRIED

KEYS, KEEP_FRESH = "with keys", "with --keep-fresh"


def compare(case, way, ours, see):
    """The names of the documented differences that explain what the command saw (`ours`), and what botocore sees
    otherwise. The names are None if there is no explanation."""
    names, theirs = set(), see(case)
    for rule in RULES:
        if ours == theirs:
            break
        changed = case.changed()
        rule(changed, way)
        if changed != case:
            case, before, theirs = changed, theirs, see(changed)
            names |= {rule.__doc__} if theirs != before else set()
    return (names if ours == theirs else None), theirs


def region(case, way):
    """the region: --region, else AWS_REGION, else AWS_DEFAULT_REGION, else the profile's, if not empty"""
    environment = case.environment
    asked = next(filter(None, regions_asked(case)), None)
    environment.pop("AWS_DEFAULT_REGION", None)
    if asked:
        environment["AWS_DEFAULT_REGION"] = asked
    if not case.get("region"):
        case.remove("region")


def regions_asked(case):
    return [*case.options[1:2], case.environment.get("AWS_REGION"), case.environment.get("AWS_DEFAULT_REGION")]


def region_of_source(case, way):
    """without a region, the source's"""
    if case.source and not case.get("region") and (found := case.config[case.source].get("region")):
        case.sections()[0]["region"] = found


def another_account(case, way):
    """the caller's AWS_ACCOUNT_ID is another account's: no endpoints by it"""
    callers = case.environment.get("AWS_ACCOUNT_ID")
    own = ACCOUNT if case.source else case.get("aws_account_id")
    if callers and callers != own:
        case.environment["AWS_ACCOUNT_ID_ENDPOINT_MODE"] = "disabled"


# In the credentials file, such a value may be another program's secret.
UNDOCUMENTED = {"my_tool", "dynamodb", "csm_port"}


def undocumented(case, way):
    """a key that AWS does not document does not leave the credentials file"""
    for key in UNDOCUMENTED & case.sections()[1].keys():
        case.remove(key)


def endpoint_ignored(case, way):
    """an endpoint_url in [default] of the credentials file: all endpoints are ignored"""
    if of_default(case).get("endpoint_url") and not has_endpoint(case):
        case.environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"


def default_counts(case, way):
    """other settings in [default] of the credentials file count, if the profile's have no variable"""
    for key, value in of_default(case).items():
        is_in_variable = key == "endpoint_url" or (key in CARRIED or key == "region") and case.get(key) is not None
        if way != KEEP_FRESH and not is_in_variable:
            case.sections()[1][key] = value


def empty_services(case, way):
    """an empty services section counts as one without endpoints"""
    if services(case) == {}:
        case.remove("services")


def of_default(case):
    """The settings in `[default]` of the credentials file, which no configuration file can replace."""
    return {} if case.profile == "default" else case.credentials.get("default", {})


def has_endpoint(case):
    """Whether the profile or the caller has an endpoint, for one service or for all."""
    of_caller = any(value for name, value in case.environment.items() if name.startswith("AWS_ENDPOINT_URL"))
    of_services = any(re.search("endpoint_url = .", text) for text in (services(case) or {}).values())
    return of_caller or of_services or case.get("endpoint_url")


def services(case):
    """The services section that the profile names; None if it is missing."""
    return case.config.get(f"services {case.get('services')}")


RULES = (
    region,
    region_of_source,
    another_account,
    undocumented,
    endpoint_ignored,
    default_counts,
    empty_services,
)


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(case, done):
    """The name of the documented difference by which aws-auth refuses a case that the AWS CLI refuses later, if its
    command needs the value at all; in a set. None if there is no explanation."""
    for pattern, is_explained, name in REFUSALS:
        found = re.search(pattern, done.stderr.decode())
        if found and done.returncode == REFUSED and is_explained(case, *found.groups()):
            return {name}
    return None


def is_no_region(case, value):
    regions = [*regions_asked(case), case.get("region"), case.source and case.config[case.source].get("region")]
    # In messages, a line break is written as `\n`.
    written = [re.sub(r"\n *", r"\\n", region).replace("\t", r"\t") for region in regions if region]
    return value in written and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", value)


def is_beside_others(case):
    """Whether single services have endpoints, and `[default]` of the credentials file would have the others."""
    of_all = case.environment.get("AWS_ENDPOINT_URL") or case.get("endpoint_url")
    return of_default(case).get("endpoint_url") and has_endpoint(case) and not of_all


def is_no_url(case, value):
    return value and not re.match("https?://", value)


def is_no_retry_mode(case, value):
    return value not in ("legacy", "standard", "adaptive")


def is_no_kind_of_endpoint(case, value):
    return value not in ("regional", "legacy")


# botocore makes no client with such a value.
NONSENSE = "a value that botocore rejects is an error before the command starts"

REFUSALS = (
    (r"(?:AWS_RETRY_MODE|retry_mode) is '(.*)'; write legacy", is_no_retry_mode, NONSENSE),
    (
        r"(?:AWS_STS_REGIONAL_ENDPOINTS|sts_regional_endpoints) is '(.*)'; write regional",
        is_no_kind_of_endpoint,
        NONSENSE,
    ),
    (r"'(.*)' \(.*\) is not a region", is_no_region, "a value that is no region is an error before any call"),
    (r"the endpoint '(.*)' \(.*\) is not a URL", is_no_url, "an endpoint that is no URL is an error before any call"),
    (
        "region holds nested keys",
        lambda case: str(case.get("region")).startswith("\n"),
        "nested keys where a value belongs are an error",
    ),
    (
        r"would call it for each service without an endpoint of its own",
        is_beside_others,
        "an endpoint_url in [default] of the credentials file, beside endpoints for single services, is an error",
    ),
    (r"there is no section \[services ", lambda case: not services(case), "a missing services section is an error"),
)
