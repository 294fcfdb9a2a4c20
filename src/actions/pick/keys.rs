//! The keys that a terminal sends, read from its bytes.

/// What a person does with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// Adds this text to the query.
    Text(String),
    /// Removes the last character.
    Backspace,
    /// Removes the last word (Ctrl-W).
    RemoveWord,
    /// Removes everything (Ctrl-U).
    Clear,
    /// Goes one up (Up, Ctrl-P).
    Up,
    /// Goes one down (Down, Ctrl-N).
    Down,
    /// Goes up by a screen.
    PageUp,
    /// Goes down by a screen.
    PageDown,
    /// Goes to the first one.
    First,
    /// Goes to the last one.
    Last,
    /// Takes the selected one (Enter).
    Take,
    /// Takes none (Esc, Ctrl-C, Ctrl-D without a query).
    Leave,
    /// Ctrl-D, which leaves only without a query.
    End,
}

const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

/// Collects bytes until they are keys.
#[derive(Default)]
pub(crate) struct Keys {
    waiting: Vec<u8>,
}

impl Keys {
    /// The keys that these bytes complete.
    pub(crate) fn typed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.waiting.extend_from_slice(bytes);
        let mut keys = Vec::new();
        while let Some((length, key)) = first(&self.waiting) {
            self.waiting.drain(..length);
            keys.extend(key);
        }
        keys
    }

    /// Whether a sequence has begun that is not complete. Esc begins one, too.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What was begun is not continued: an Esc alone is the key.
    pub(crate) fn nothing_follows(&mut self) -> Option<Key> {
        let waiting = std::mem::take(&mut self.waiting);
        (waiting == b"\x1b").then_some(Key::Leave)
    }
}

/// The first key and its length in bytes; `None` if more bytes are needed. A sequence without a meaning here is no key.
fn first(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let byte = *bytes.first()?;
    let key = match byte {
        0x1b => return sequence(bytes),
        b'\r' | b'\n' => Key::Take,
        0x03 => Key::Leave,
        0x04 => Key::End,
        0x08 | 0x7f => Key::Backspace,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x15 => Key::Clear,
        0x17 => Key::RemoveWord,
        0..=0x1f => return Some((1, None)),
        _ => return text(bytes),
    };
    Some((1, Some(key)))
}

/// The text up to the next byte that is none.
fn text(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let end = bytes.iter().position(|byte| *byte < 0x20 || *byte == 0x7f).unwrap_or(bytes.len());
    let run = bytes.get(..end).unwrap_or_default();
    match std::str::from_utf8(run) {
        Ok(text) => Some((end, Some(Key::Text(text.to_owned())))),
        Err(error) if error.valid_up_to() > 0 => {
            let valid = run.get(..error.valid_up_to()).unwrap_or_default();
            Some((valid.len(), Some(Key::Text(String::from_utf8_lossy(valid).into_owned()))))
        }
        // The rest of a character may come.
        Err(error) if error.error_len().is_none() && end == bytes.len() => None,
        Err(error) => Some((error.error_len().unwrap_or(end).max(1), None)),
    }
}

/// A key that begins with Esc.
fn sequence(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    if bytes.starts_with(PASTE) {
        let end = memchr::memmem::find(bytes, PASTED)?;
        let pasted = bytes.get(PASTE.len()..end).unwrap_or_default();
        // A line that was copied with its end must not take what is selected.
        let pasted: String = String::from_utf8_lossy(pasted).chars().filter(|c| !c.is_control()).collect();
        return Some((end + PASTED.len(), Some(Key::Text(pasted))));
    }
    match bytes.get(1)? {
        b'[' => {
            let end = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte))? + 2;
            let key = match bytes.get(2..=end)? {
                b"A" => Some(Key::Up),
                b"B" => Some(Key::Down),
                b"H" | b"1~" | b"7~" => Some(Key::First),
                b"F" | b"4~" | b"8~" => Some(Key::Last),
                b"5~" => Some(Key::PageUp),
                b"6~" => Some(Key::PageDown),
                _ => None,
            };
            Some((end + 1, key))
        }
        b'O' => {
            let key = match bytes.get(2)? {
                b'A' => Some(Key::Up),
                b'B' => Some(Key::Down),
                b'H' => Some(Key::First),
                b'F' => Some(Key::Last),
                b'M' => Some(Key::Take),
                _ => None,
            };
            Some((3, key))
        }
        // Two Esc, or a key with Alt.
        0x1b => Some((1, Some(Key::Leave))),
        _ => Some((2, None)),
    }
}

#[cfg(test)]
mod tests {
    use crate::actions::pick::keys::{Key, Keys};
    use proptest::prelude::*;

    fn text(text: &str) -> Key {
        Key::Text(text.to_owned())
    }

    #[test]
    fn keys_are_read_from_bytes_however_they_come() {
        let cases: &[(&[u8], &[Key])] = &[
            (b"ab", &[text("ab")]),
            ("é帳".as_bytes(), &[text("é帳")]),
            (b"a\rb", &[text("a"), Key::Take, text("b")]),
            (b"\x1b[A\x1bOB\x0e\x10", &[Key::Up, Key::Down, Key::Down, Key::Up]),
            (b"\x1b[5~\x1b[6~\x1b[H\x1bOF", &[Key::PageUp, Key::PageDown, Key::First, Key::Last]),
            (b"\x7f\x08\x15\x17", &[Key::Backspace, Key::Backspace, Key::Clear, Key::RemoveWord]),
            (b"\x03\x04", &[Key::Leave, Key::End]),
            (b"\x1b[200~one\ntwo\x1b[201~x", &[text("onetwo"), text("x")]),
            (b"\x1b[1;5C\x1b[Dx\x01", &[text("x")]),
            (b"\xff\xfea", &[text("a")]),
            (b"\x1b\x1b", &[Key::Leave]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(&Keys::default().typed(bytes), expected, "{bytes:?}");
            // Byte by byte, too; text then comes in pieces.
            let mut keys = Keys::default();
            let mut found: Vec<Key> = Vec::new();
            for byte in *bytes {
                for key in keys.typed(&[*byte]) {
                    match (found.last_mut(), key) {
                        (Some(Key::Text(before)), Key::Text(more)) => before.push_str(&more),
                        (_, key) => found.push(key),
                    }
                }
            }
            let mut joined: Vec<Key> = Vec::new();
            for key in *expected {
                match (joined.last_mut(), key) {
                    (Some(Key::Text(before)), Key::Text(more)) => before.push_str(more),
                    (_, key) => joined.push(key.clone()),
                }
            }
            assert_eq!(found, joined, "{bytes:?}");
        }
    }

    #[test]
    fn esc_is_a_key_if_nothing_follows() {
        let mut keys = Keys::default();
        assert_eq!(keys.typed(b"\x1b"), []);
        assert!(keys.is_waiting());
        assert_eq!(keys.nothing_follows(), Some(Key::Leave));
        assert_eq!(keys.typed(b"\x1b["), []);
        assert_eq!(keys.nothing_follows(), None);
        assert_eq!(keys.typed(b"a"), [text("a")]);
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reading(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut keys = Keys::default();
            keys.typed(&bytes);
            keys.nothing_follows();
            prop_assert_eq!(keys.typed(b"z"), [text("z")]);
        }
    }
}
