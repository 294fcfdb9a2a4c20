"""The settings that have a variable, by botocore's own table."""

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_S3_CONFIG_VARS

# What the AWS CLI adds to the table. It is not imported from there: that would replace botocore by the AWS CLI's own
# copy in this process.
OF_AWS_CLI = {"output": ("output", "AWS_DEFAULT_OUTPUT", "json", None)}

# These have a variable, but reach the command in a configuration file of its own. `region` has rules of its own.
NOT_CARRIED = {
    "region",
    "data_path",
    "tcp_keepalive",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "ec2_metadata_v1_disabled",
    "imds_use_ipv6",
    "metadata_service_num_attempts",
    "metadata_service_timeout",
    "csm_client_id",
    "csm_enabled",
    "csm_host",
    "csm_port",
    "s3_us_east_1_regional_endpoint",
}


def _variables():
    for table in (BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_S3_CONFIG_VARS, OF_AWS_CLI):
        for keys, variable, *_ in table.values():
            for key in keys if isinstance(keys, list) else [keys]:
                if isinstance(key, str) and isinstance(variable, str):
                    yield key, variable
    # Only version 2 of the AWS CLI has a pager.
    yield "cli_pager", "AWS_PAGER"


VARIABLE_OF = dict(_variables())
CARRIED = {key: variable for key, variable in VARIABLE_OF.items() if key not in NOT_CARRIED}
