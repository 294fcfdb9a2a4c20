//! Copies of a secret key that `--store-keys` does not take out: in comments, in sections that nobody reads, and in the
//! file that was given.

use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::Secret;

/// Warns of copies of a secret that has been stored, in the two files and in the file of `--from`.
pub fn warn_of_leftovers(context: &Context<'_>, secret: &Secret) {
    let files = [
        (FileKind::Config, context.snapshot.config_file()),
        (FileKind::Credentials, context.snapshot.credentials_file()),
    ];
    for (kind, path) in files {
        let Some(file) = path.and_then(|path| SourceFile::read(kind, &path).ok().flatten()) else { continue };
        let lines =
            file.text().unwrap_or_default().lines().enumerate().filter(|(_, line)| line.contains(secret.expose()));
        for (at, _) in lines {
            let path = file.path.display();
            context.messages.warn(&format!("{path}:{} still holds the secret key; take it out by hand", at + 1));
        }
    }
    warn_of_given(context);
}

/// Warns that the file of `--from` holds the keys.
pub fn warn_of_given(context: &Context<'_>) {
    if let Some(from) = context.request.keys.from.as_deref().filter(|from| *from != "-") {
        context.messages.warn(&format!("{from} still holds the secret key; remove that file"));
    }
}
