//! The locks that this process holds. Other processes must not wait for a stopped one, and must learn when a prompt is
//! cancelled (docs/design-credentials.md, "Locks").

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::rc::{Rc, Weak};

use nix::unistd::getsid;

use crate::system::lock_rules::{State, Tenure};
use crate::system::signals::Undisturbed;

/// The locks of this process that were not dropped yet.
#[derive(Default)]
pub struct HeldLocks(RefCell<Vec<Weak<Held>>>);

impl HeldLocks {
    fn all(&self) -> Vec<Rc<Held>> {
        self.0.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Adds a lock that was taken.
    pub fn add(&self, file: File, tenure: Tenure) -> Lock {
        let held = Rc::new(Held { file, tenure: Cell::new(tenure), prompt: RefCell::default() });
        held.write();
        let mut all = self.0.borrow_mut();
        all.retain(|held| held.strong_count() > 0);
        all.push(Rc::downgrade(&held));
        Lock(held)
    }

    /// Releases the locks before this process stops.
    pub fn stopping(&self) {
        for held in self.all() {
            let mut tenure = held.tenure();
            tenure.stopping();
            held.tenure.set(tenure);
            let _ = held.file.unlock();
        }
    }

    /// Takes the locks again after a stop. Returns whether no other process has had one of them.
    pub fn woken(&self) -> bool {
        let lost = self.all().into_iter().filter(|held| !held.retake()).count();
        lost == 0
    }

    /// Tells the processes that wait for this one which prompt is on the terminal now, so that they can print above it.
    /// `None` if it is no longer there.
    pub fn prompt_is_shown(&self, prompt: Option<&str>) {
        for held in self.all().into_iter().filter(|held| !held.tenure().is_lost()) {
            *held.prompt.borrow_mut() = prompt.map(String::from);
            held.write();
        }
    }

    /// Makes the processes that wait for a prompt of this one fail, because a signal ends it.
    pub fn cancelled(&self) {
        for held in self.all().into_iter().filter(|held| held.tenure().asks()) {
            held.give_up();
        }
    }
}

/// A held lock. Dropping it releases it.
pub struct Lock(Rc<Held>);

struct Held {
    file: File,
    tenure: Cell<Tenure>,
    /// The prompt that is on the terminal.
    prompt: RefCell<Option<String>>,
}

impl Lock {
    /// Tells the waiting processes that this one gave up. They fail when the lock is released.
    pub fn give_up(&self) {
        self.0.give_up();
    }

    /// Whether another process had the lock while this one was stopped, and may have it now.
    pub fn is_lost(&self) -> bool {
        self.0.tenure().is_lost()
    }

    /// See [`Tenure::after`].
    pub fn after(&self) -> Option<u32> {
        self.0.tenure().after()
    }
}

impl Held {
    fn tenure(&self) -> Tenure {
        self.tenure.get()
    }

    fn give_up(&self) {
        let mut tenure = self.tenure();
        if tenure.give_up() {
            self.tenure.set(tenure);
            self.write();
        }
    }

    /// Takes a released lock again. Returns whether no other process has had it since.
    fn retake(&self) -> bool {
        let mut tenure = self.tenure();
        let free = !tenure.is_lost()
            && self.file.try_lock().is_ok()
            && self.file.metadata().is_ok_and(|about| about.nlink() > 0);
        let same = tenure.retaken(free.then(|| State::read(&self.file)));
        if !same {
            // It is released if it was taken: the next holder must not wait for this one.
            let _ = self.file.unlock();
        }
        self.tenure.set(tenure);
        same
    }

    /// A failure to write is ignored: the contents are only information, and the lock is held anyway.
    fn write(&self) {
        let _undisturbed = Undisturbed::begin();
        let State { pid, given_up, gave_up } = self.tenure().state();
        let mut text = format!("{pid} {given_up} {gave_up}\n");
        // 0 is a session that began outside this process id namespace: nobody could compare it.
        if let (Some(prompt), Ok(session @ 1..)) = (&*self.prompt.borrow(), getsid(None).map(nix::unistd::Pid::as_raw))
        {
            let _ = writeln!(text, "{session} {prompt}");
        }
        let mut file = &self.file;
        let _ =
            file.rewind().and_then(|()| file.write_all(text.as_bytes())).and_then(|()| file.set_len(text.len() as u64));
    }
}

impl State {
    /// Reads them from the file. What is missing counts as 0.
    pub fn read(mut file: &File) -> Self {
        let mut text = String::new();
        let _ = file.rewind().and_then(|()| file.take(64).read_to_string(&mut text));
        let mut numbers =
            text.lines().next().unwrap_or_default().split_whitespace().map(|word| word.parse().unwrap_or(0));
        let mut number = || numbers.next().unwrap_or(0);
        Self { pid: number(), given_up: number(), gave_up: number() }
    }
}

/// The prompt that the holder of a lock shows.
pub struct ShownPrompt {
    /// The session of the terminal.
    pub session: i32,
    /// The text as it is on the terminal.
    pub text: String,
}

impl ShownPrompt {
    /// Reads it from the lock's file; `None` if there is none.
    pub fn read(file: &File) -> Option<Self> {
        const LONGEST: u64 = 4096;
        let mut bytes = Vec::new();
        let mut rewound = file;
        rewound.rewind().ok()?;
        rewound.take(LONGEST).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (session, prompt) = text.lines().nth(1)?.split_once(' ')?;
        Some(Self { session: session.parse().ok()?, text: prompt.to_owned() })
    }
}
