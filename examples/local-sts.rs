//! An STS on loopback to try aws-auth with. It knows the user `jo` of the README, her MFA device and the four roles.
//!
//!     cargo run --example local-sts -- --home /tmp/home
//!
//! It prints `AWS_ENDPOINT_URL_STS=http://127.0.0.1:PORT` and, with `--home DIR`, writes the two files of `~/.aws`
//! under DIR. The line `code` on standard input, or `GET /code?serial=arn:aws:iam::398263320410:mfa/jo`, gives
//! the code that her MFA device shows now. The program stops at the end of its standard input, or on a signal.
// This program answers on standard output.
#![allow(clippy::print_stdout)]

#[path = "../tests/behaviour/world/sts/mod.rs"]
mod sts;

use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    let mut home = None;
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--home") => home = Some(PathBuf::from(arguments.next().ok_or("--home needs a directory")?)),
            _ => return Err(format!("unknown argument {}", argument.display()).into()),
        }
    }
    let sts = sts::LocalSts::start();
    let user = sts::seed::populate(&sts);
    sts.serve_codes();
    if let Some(home) = &home {
        let directory = home.join(".aws");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("config"), sts::seed::config_file())?;
        fs::write(directory.join("credentials"), sts::seed::credentials_file(&user))?;
    }
    say(&format!("AWS_ENDPOINT_URL_STS={}", sts.endpoint()))?;
    for line in io::stdin().lock().lines() {
        match line?.trim() {
            "code" => say(&sts.fresh_code(sts::seed::SERIAL))?,
            // The actions of all calls so far, separated by blanks.
            "calls" => say(&sts.actions().join(" "))?,
            // The access key ids that signed these calls.
            "signers" => {
                let signers: Vec<String> = sts.calls().into_iter().map(|call| call.access_key_id).collect();
                say(&signers.join(" "))?;
            }
            // Serves TLS on another port; answers with its URL and the file of the CA's certificate.
            "tls" => {
                let authority = sts::tls::Authority::new("the authority of a local STS");
                let port = sts.serve_tls(authority.server("localhost", |_| {}));
                let ca = env::temp_dir().join(format!("aws-auth-local-sts-{port}.pem"));
                let ca = home.as_ref().map_or(ca, |home| home.join("ca.pem"));
                fs::write(&ca, authority.pem)?;
                say(&format!("https://localhost:{port} {}", ca.display()))?;
            }
            // From now on, role credentials last for half a minute.
            "short roles" => {
                sts.set_role_lifetime(Some(30));
                say("")?;
            }
            other => say(&format!("unknown: {other}"))?,
        }
    }
    Ok(())
}

/// Prints a line and flushes it, because the reader waits for it.
fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
