//! The variables that aws-auth sets for a command, and the record of them for runs below.

use std::ffi::CString;

use crate::command::keep_fresh::RenewalFile;
use crate::command::private_config::absolute;
use crate::credentials::Credentials;
use crate::env::nesting;
use crate::env::snapshot::{Entry, Snapshot};
use crate::error::{Error, Result};
use crate::plan::model::Acquisition;
use crate::request::Request;
use crate::request::bounds::bounded_by;
use crate::text::shell_words::shell_word;

const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// The variables that aws-auth sets, and the AWS_AUTH_SET record of those that are not secret.
#[derive(Default)]
pub(super) struct Assignments {
    pub(super) names: Vec<String>,
    pub(super) entries: Vec<Entry>,
    pub(super) record: String,
    /// The name of a variable whose value contains a NUL byte, which would end the value.
    cut_off: Option<String>,
}

impl Assignments {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        match CString::new([name, "=", value].concat()) {
            Ok(entry) => {
                self.names.push(name.to_owned());
                self.entries.push(Entry::Owned(entry));
            }
            Err(_) => self.cut_off = Some(name.to_owned()),
        }
    }

    /// The assignments, if all of them can be passed on. If one were missing, the command might use other credentials,
    /// or a mixture.
    pub(super) fn whole(self) -> Result<Self> {
        match self.cut_off {
            None => Ok(self),
            Some(name) => {
                Err(Error::new(format!("the value for {name} contains a NUL byte, which no variable can hold"))
                    .advise("run 'aws-auth --logout' for the profile, and try again"))
            }
        }
    }

    /// Sets a variable and records it, so that a run below for another profile treats it as unset. Never for a secret:
    /// the record shows the value.
    pub(super) fn setting(&mut self, name: &str, value: &str) {
        self.add(name, value);
        self.record(name, value);
    }

    pub(super) fn record(&mut self, name: &str, value: &str) {
        if !self.record.is_empty() {
            self.record.push(' ');
        }
        self.record.push_str(&shell_word(&[name, "=", value].concat()));
    }

    /// Sets AWS_AUTH_SET to the outer run's record and this one. A name may be in it twice; the entry whose value the
    /// variable still has counts.
    pub(super) fn record_over(&mut self, snapshot: &Snapshot) {
        let before = snapshot.non_empty(nesting::RECORD).map(|record| record.to_string_lossy().into_owned());
        let record: Vec<String> = before.into_iter().chain([std::mem::take(&mut self.record)]).collect();
        self.add(nesting::RECORD, &record.join(" "));
    }

    pub(super) fn keys(&mut self, credentials: &Credentials) {
        self.setting("AWS_ACCESS_KEY_ID", &credentials.access_key_id);
        self.add("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose());
        if let Some(token) = &credentials.session_token {
            self.add("AWS_SESSION_TOKEN", token.expose());
            self.add("AWS_SECURITY_TOKEN", token.expose());
            if let Some(end) = credentials.expiration {
                self.add("AWS_CREDENTIAL_EXPIRATION", &end.iso8601());
            }
        }
    }

    /// Leads the command's SDK to the generated profile, and records what a run below needs to restore the caller's own
    /// environment.
    pub(super) fn renewal_file(&mut self, fresh: &RenewalFile, snapshot: &Snapshot) {
        let [file, profile, load, java] = nesting::LEADING;
        self.config_file(file, &fresh.config.path, snapshot);
        self.config_file(java, &fresh.config.path, snapshot);
        self.setting(profile, &fresh.profile);
        self.setting(load, "1");
        self.record(nesting::COMMAND, &fresh.command);
    }

    /// Sets a variable to the path of a configuration file, and records the caller's own file as an absolute path.
    pub(super) fn config_file(&mut self, variable: &str, path: &str, snapshot: &Snapshot) {
        self.setting(variable, path);
        let recorded = nesting::REPLACED.iter().find(|(name, _)| *name == variable);
        if let (Some((_, name)), Some(own)) = (recorded, snapshot.var(variable)) {
            let path = snapshot.config_file().filter(|_| variable == "AWS_CONFIG_FILE").map(absolute);
            let own =
                path.map_or_else(|| own.to_string_lossy().into_owned(), |path| path.to_string_lossy().into_owned());
            self.record(name, &own);
        }
    }

    /// Adds the profile's name and the record.
    pub(super) fn end(&mut self, snapshot: &Snapshot, request: &Request<'_>, plan: &Acquisition) {
        if let Some(profile) = &plan.profile {
            self.add("AWS_AUTH_PROFILE", profile);
        }
        if let Some(role) = &request.role.arn {
            self.record(nesting::ROLE, role.as_str());
        }
        if let Some(duration) = request.role.duration {
            self.record(nesting::DURATION, &duration.as_seconds().to_string());
        }
        if let Some(bounds) = &request.bounds {
            self.record(nesting::BOUNDS, &bounds.recorded());
        }
        if let Some(policies) = plan.policies() {
            self.record(nesting::BOUNDED, &policies.words());
        } else if request.caller.variables.go_on() && bounded_by(&nesting::settings(snapshot)).is_some() {
            // The outer run's credentials were bounded, and these are not.
            self.record(nesting::BOUNDED, "");
        }
        if request.caller.variables.go_on() {
            // This run names no profile, so the outer run's settings stay, and so must their record.
            self.record_over(snapshot);
        } else {
            let record = std::mem::take(&mut self.record);
            self.add(nesting::RECORD, &record);
        }
    }

    /// Records that the guard of this profile was answered.
    pub(super) fn confirmed(&mut self, profile: Option<&str>) {
        if let Some(profile) = profile {
            self.record(nesting::CONFIRMED, profile);
        }
    }

    pub(super) fn region_option(&mut self, request: &Request<'_>) {
        if let Some(region) = &request.region {
            self.region(region.as_str(), |_| false);
        }
    }

    /// Sets both variables, except those that have the value already.
    pub(super) fn region(&mut self, region: &str, has_it: impl Fn(&str) -> bool) {
        for name in REGION.into_iter().filter(|name| !has_it(name)) {
            self.setting(name, region);
        }
    }
}
