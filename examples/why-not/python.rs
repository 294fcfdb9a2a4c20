//! Python as the reference: the AWS CLI reads its files with Python's configparser and shlex.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The reason why a claim is skipped.
pub const MISSING: &str = "python3 is not installed";

/// Runs a script that reads JSON from standard input and prints JSON. `None` if there is no Python.
pub fn ask(script: &str, question: &Value) -> Result<Option<Value>> {
    let mut command = Command::new("python3");
    command.args(["-I", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("cannot start python3"),
    };
    let mut stdin = child.stdin.take().context("its standard input")?;
    stdin.write_all(question.to_string().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "python3 ended with {}", output.status);
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}
