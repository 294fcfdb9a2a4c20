//! What several targets have around what they try: an environment, and the plan of a profile.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString};

use aws_auth::config::profiles::ProfileSet;
use aws_auth::env::snapshot::Snapshot;
use aws_auth::plan::model::{Acquisition, Plan};
use aws_auth::plan::resolve;
use aws_auth::request::Request;

/// An environment with these arguments and variables; a NUL byte ends a variable. It has no working directory.
pub fn snapshot(args: Vec<OsString>, variables: &[&str]) -> Snapshot {
    let entry = |text: &&str| -> Cow<'static, CStr> {
        let before_nul = text.split('\0').next().unwrap_or_default();
        Cow::Owned(CString::new(before_nul).unwrap_or_default())
    };
    Snapshot::new(args, variables.iter().map(entry).collect(), || Err(std::io::ErrorKind::NotFound.into()))
}

/// The plan of a profile that resolves.
pub fn planned(set: &ProfileSet<'_>, request: &Request<'_>, name: &str) -> Box<Acquisition> {
    match resolve::resolve_named(set, request, name).expect("a plan") {
        Plan::Acquire(plan) => plan,
        other => panic!("{other:?}"),
    }
}
