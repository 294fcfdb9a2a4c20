//! `--login` with `aws login`: for a profile that names a session, and (`--login=aws`) for one that is to have one. The
//! session's name is written into the profile, as the AWS CLI does it.

use crate::actions::ask::answered;
use crate::actions::file_changes::shown_and_written;
use crate::aws_login::login::{self, Manner, SignedIn, TASK};
use crate::aws_login::renewal::{State, Subject};
use crate::cache::keys::hex_sha1;
use crate::config::copy::ACCESS_KEY;
use crate::config::edit::changes::Change;
use crate::config::edit::editor::Editor;
use crate::config::profiles::{DEFAULT_PROFILE, Profile, ProfileSet};
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::base::{Login, Named};
use crate::plan::endpoints::{Service, region_asked};
use crate::plan::half::OUTRANKING;
use crate::plan::model::Acquisition;
use crate::providers::fetch;
use crate::region::Region;
use crate::sso::login::{refuse_after_giving_up, refuse_unwritable};
use crate::sso::outcome::{NotSignedIn, until_done};
use crate::system::harden;
use crate::system::signals::Undisturbed;
use crate::text::shell_words::shell_word;
use crate::time::now;

const KEY: &str = "login_session";

/// Keys that give a profile other credentials, which would count more, or stand in the way; and so do those of
/// [`ACCESS_KEY`] and [`OUTRANKING`].
const OTHERS: [&str; 4] = ["role_arn", "source_profile", "credential_source", "credential_process"];

/// Makes sure that the session of a profile can be used, and signs in if it cannot. Returns the name of the session,
/// which is another one if the user has changed the profile.
///
/// # Errors
/// Returns an error if the user does not sign in, or it cannot be kept.
pub(crate) fn sign_in(login: &Login, named: &Named, plan: &Acquisition, context: &Context<'_>) -> Result<String> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let about = fetch::about(&plan.base, context.set);
    let subject = Subject { login, profile: &named.profile, region: &plan.sts.region.value, about: &about };
    let file = named.at.map_or(FileKind::Config, |at| at.file);
    let signed = signed_in(&subject, file, context.request.cache.refresh, context)?;
    tell(&signed, &named.profile, context);
    Ok(signed.session)
}

/// Says who signed in, or that nobody had to.
fn tell(signed: &SignedIn, profile: &str, context: &Context<'_>) {
    let verb = if signed.new { "signed in as" } else { "is signed in as" };
    context.messages.say(&format!("{profile}: {verb} {}", signed.session));
}

fn signed_in(subject: &Subject<'_>, file: FileKind, anew: bool, context: &Context<'_>) -> Result<SignedIn> {
    let session = &subject.login.session;
    let is_other = |name: &str| replace(subject, name, context);
    let manner = Manner { plan: None, anew, is_other: &is_other };
    let signed = until_done(|| login::signed_in(subject, &manner, context))?;
    if signed.session != *session {
        let editor = context.editor(file)?;
        write(&editor, subject.profile, &signed.session, None, context)?;
    }
    Ok(signed)
}

/// Asks whether the profile is to use another session.
fn replace(subject: &Subject<'_>, name: &str, context: &Context<'_>) -> Result<()> {
    let Subject { login, profile, about, .. } = subject;
    let question = format!(
        "aws-auth: you signed in as {name}, but profile '{profile}' is for {}; change the profile?",
        login.session
    );
    if answered(&question, context)? == Some(true) {
        return Ok(());
    }
    Err(Error::new(format!("{about}: you signed in as {name}, and the profile is for {}", login.session))
        .advise("nothing was changed; sign in as the other one, or name another profile: aws-auth -p NAME --login=aws"))
}

/// Signs in, and writes the session into a profile that names no credentials, or is not there yet.
///
/// # Errors
/// Returns an error if the profile has other credentials, the user does not sign in, or the file cannot be written.
pub fn begin(context: &Context<'_>) -> Result<u8> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let name = context.request.profile.as_ref().map_or(DEFAULT_PROFILE, |chosen| &*chosen.name);
    let profile = context.set.profile(name);
    if let Some(profile) = &profile {
        refuse_other_credentials(profile, context.set)?;
    }
    let new = Beginning::of(name, profile.as_ref(), context)?;
    let named = profile.as_ref().and_then(|profile| profile.get(KEY));
    let signed = match named.filter(|value| !value.text.trim().is_empty()) {
        Some(value) => {
            let about = format!("{}: profile '{name}'", context.set.place(value.at));
            let login = new.login(value.text.trim());
            signed_in(&new.subject(&login, &about), value.at.file, context.request.cache.refresh, context)?
        }
        None => until_done(|| new.sign_in(context))?,
    };
    let until = signed.credentials.expiration.map(|end| end.local(now())).unwrap_or_default();
    tell(&signed, name, context);
    context.messages.say(&format!("{name}: credentials until {until}, renewed for up to 12h"));
    Ok(0)
}

/// Refuses a profile with other credentials, as the AWS CLI does.
fn refuse_other_credentials(profile: &Profile<'_>, set: &ProfileSet<'_>) -> Result<()> {
    let mut keys = OTHERS.iter().chain(&ACCESS_KEY).chain(OUTRANKING).filter(|key| **key != KEY);
    let other = keys.find_map(|key| Some((key, profile.get(key)?)));
    let Some((key, value)) = other else { return Ok(()) };
    let name = &profile.name;
    Err(Error::new(format!("{}: profile '{name}' has other credentials: {key}", set.place(value.at)))
        .advise("name a profile without any, or a new one: aws-auth -p NAME --login=aws"))
}

/// A profile that is to have a session.
struct Beginning<'a> {
    name: &'a str,
    /// What an error begins with.
    about: String,
    signin: Service,
    /// The region to write into the profile.
    region: Option<Region>,
    editor: Editor<'a>,
}

impl<'a> Beginning<'a> {
    fn of(name: &'a str, profile: Option<&Profile<'_>>, context: &'a Context<'_>) -> Result<Self> {
        let own = profile.and_then(|profile| profile.get("region")).filter(|region| !region.text.is_empty());
        let own = own.map(|region| Region::parse(&region.text, context.set.place_if_needed(region.at))).transpose()?;
        let asked = region_asked(context.request)?.map(|region| region.value);
        let region = context.request.region.clone().filter(|_| own.is_none());
        let place = asked.or(own).unwrap_or_else(|| Region::default_of("aws"));
        let signin = Service::new(context.set, profile, context.request, ("AWS Sign-In", "signin"), place)?;
        let about = format!("profile '{name}'");
        Ok(Self { name, about, signin, region, editor: context.editor(FileKind::Config)? })
    }

    fn login(&self, session: &str) -> Login {
        Login { session: session.to_owned(), signin: self.signin.clone() }
    }

    fn subject<'s>(&'s self, login: &'s Login, about: &'s str) -> Subject<'s> {
        Subject { login, profile: self.name, region: &self.signin.region, about }
    }

    /// Signs in, or uses the session that another process has written into the profile meanwhile.
    fn sign_in(&self, context: &Context<'_>) -> Result<SignedIn, NotSignedIn> {
        let name = format!("login-{}", hex_sha1(&format!("{}\0{}", self.editor.path().display(), self.name)));
        let lock = context.take_turn(&name, TASK)?;
        if let Some(signed) = self.meanwhile(context)? {
            return Ok(signed);
        }
        refuse_after_giving_up(lock.as_ref(), login::WHAT)?;
        refuse_unwritable(context.snapshot.login_cache_dir().as_deref(), &self.about, "it has no login yet", context)?;
        login::refuse_unkept(&self.about, context)?;
        // What cannot be written is known before the user signs in.
        self.editor.propose(|_| Ok(changes(self.name, "arn", self.region.as_ref())))?.check()?;
        let before = self.written()?;
        let is_done = || self.written().is_ok_and(|session| session.is_some() && session != before);
        let new = login::sign_in(&self.signin, &is_done, context)
            .map_err(|failure| failure.in_front(&self.about, lock.as_ref()))?;
        if let Some(session) = self.written()?.filter(|session| *session != new.name) {
            replace(&self.subject(&self.login(&session), &self.about), &new.name, context)?;
        }
        let credentials = login::kept(&new, true, context)?;
        write(&self.editor, self.name, &new.name, self.region.as_ref(), context)?;
        Ok(SignedIn { session: new.name, credentials, new: true })
    }

    /// The session that another process has written into the profile, if it can be used.
    fn meanwhile(&self, context: &Context<'_>) -> Result<Option<SignedIn>> {
        let Some(session) = self.written()? else { return Ok(None) };
        let login = self.login(&session);
        Ok(match self.subject(&login, &self.about).state(context)? {
            State::Usable(credentials) => Some(SignedIn { session, credentials, new: false }),
            State::SignedOut(_) => None,
        })
    }

    /// The session that the profile has in the config file now.
    fn written(&self) -> Result<Option<String>> {
        let found = self.editor.found(|set| Some(set.profile(self.name)?.get(KEY)?.text.trim().to_owned()))?;
        Ok(found.filter(|session| !session.is_empty()))
    }
}

/// Writes a session into a profile, after showing it.
fn write(
    editor: &Editor<'_>,
    profile: &str,
    session: &str,
    region: Option<&Region>,
    context: &Context<'_>,
) -> Result<()> {
    let written = editor
        .propose(|_| Ok(changes(profile, session, region)))
        .and_then(|proposal| shown_and_written(proposal, context));
    written.map_err(|error| {
        let advice = error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
        error.advise(format!(
            "{advice}you are signed in; write {KEY} = {session} into profile {} by hand",
            shell_word(profile)
        ))
    })
}

fn changes(profile: &str, session: &str, region: Option<&Region>) -> Vec<Change> {
    let set =
        |key, value: &str| Change::set(SectionName::Profile(profile.to_owned()), key, Secret::new(value.to_owned()));
    let region = region.map(|region| set("region", region.as_str()));
    std::iter::once(set(KEY, session)).chain(region).collect()
}
