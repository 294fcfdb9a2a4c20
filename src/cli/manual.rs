//! The manual page. The name and the options come from the definition of the command line; the rest is in
//! `manual_text`.

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::cli::manual_text::Part::{self, Term, Text, Typed};
use crate::cli::manual_text::{DESCRIPTION, SECTIONS};
use crate::cli::options::definition;
use crate::text::wrap::wrap;

/// The manual page in roff.
pub fn manual() -> String {
    let man = Man::new(definition());
    let part = |render: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut page = Vec::new();
        // Writing to memory does not fail.
        let _ = render(&mut page);
        String::from_utf8_lossy(&page).into_owned()
    };
    let mut text = title();
    text.push_str(&part(&|page| man.render_name_section(page)));
    text.push_str(&synopsis());
    text.push_str(&section("DESCRIPTION", DESCRIPTION));
    text.push_str(&options(&part(&|page| man.render_options_section(page))));
    for (title, paragraphs) in SECTIONS {
        text.push_str(&section(title, paragraphs));
    }
    // Each part of the page repeats these definitions; once is enough.
    let mut lines: Vec<&str> = text.lines().filter(|line| !APOSTROPHE.contains(line)).collect();
    let mut page = APOSTROPHE.to_vec();
    page.append(&mut lines);
    page.join("\n") + "\n"
}

/// The roff definitions of a straight apostrophe.
const APOSTROPHE: [&str; 2] = [r".ie \n(.g .ds Aq \(aq", ".el .ds Aq '"];

/// The date of the last change to this page.
const DATE: &str = "2026-11-29";

fn title() -> String {
    let mut roff = Roff::new();
    roff.control("TH", ["AWS-AUTH", "1", DATE, concat!("aws-auth ", env!("CARGO_PKG_VERSION")), "User Commands"]);
    roff.to_roff()
}

fn synopsis() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold("aws-auth"), roman(" [OPTIONS] [--] "), italic("COMMAND"), roman(" [ARG]...")]);
    roff.control("br", []);
    roff.text([bold("aws-auth"), roman(" [OPTIONS] "), italic("ACTION")]);
    roff.to_roff()
}

fn section(title: &str, parts: &[Part]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    let mut first = true;
    for part in parts {
        match part {
            Text(text) => {
                // The first paragraph after a title needs no macro.
                if !std::mem::take(&mut first) {
                    roff.control("PP", []);
                }
                roff.text([roman(wrapped(text))]);
            }
            Term(term, text) => {
                roff.control("TP", []);
                roff.text([bold(*term)]);
                roff.text([roman(wrapped(text))]);
            }
            Typed(line) => {
                roff.control("PP", []);
                roff.control("RS", ["4"]);
                roff.control("nf", []);
                for line in line.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []);
                roff.control("RE", []);
            }
        }
        first = false;
    }
    roff.to_roff()
}

/// Breaks the text into short lines, to keep the source readable. roff fills them again.
fn wrapped(text: &str) -> String {
    wrap(text.split(' '), 72, 0, 0)
}

/// The options, with their descriptions in short lines.
fn options(section: &str) -> String {
    let is_text = |line: &&str| !line.starts_with(['.', '\'', '\\']);
    // A line that begins with one of these characters would be a request.
    let lines = section.lines().map(|line| match Some(line).filter(is_text).map(wrapped) {
        Some(short) if !short.contains("\n.") && !short.contains("\n'") => short,
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
