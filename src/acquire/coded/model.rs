//! Every order of events for three processes that need a code of the same device. The search makes no decision of its
//! own: [`Step`], [`Attempt`], [`Tenure`], [`typed`] and [`Refusals`] decide, as in a run; here are only the lock's
//! file, the cache, the device, STS and the person around them, and what may happen to a process.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::acquire::coded::Step;
use crate::mfa::code::{Refusals, Typed, typed};
use crate::mfa::codes::NoCode;
use crate::system::lock_rules::{Attempt, Blocked, State, Tenure};

mod others;

/// What a process is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// It has a terminal, where a person may answer.
    Attended,
    /// It has none. It waits for a lock for some time only.
    Unattended,
    /// It gets its code from a program, which is the last process of the three.
    RunsTheLast,
    /// It is the program of the first one.
    RunByTheFirst,
}

/// What the three processes are.
pub(super) type Kinds = [Kind; 3];

/// How often something may happen in one search. Codes, kills and stops have no number of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Left {
    /// Codes that the device will show after this one.
    pub(super) codes: u8,
    /// Codes that are mistyped.
    pub(super) mistyped: u8,
    /// Calls that fail although the code is right.
    pub(super) failures: u8,
    /// How often a process is stopped.
    pub(super) stops: u8,
    /// How often the lock's file is removed.
    pub(super) removals: u8,
    /// How often what is kept ends, and how often a process that is over begins again.
    pub(super) ends: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum At {
    Outside,
    Opened(usize, State, Attempt),
    Waiting(usize, Attempt),
    /// The kernel gave it the lock; it did not look at the file yet.
    Locked(usize, Attempt),
    Next(Step<u8, (), ()>),
    Prompt,
    Program,
    Call(u8),
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pub(super) at: At,
    pub(super) stopped: bool,
    pub(super) has: Option<(usize, Tenure)>,
    refusals: Refusals,
    /// For the checks alone: a holder gave up while it waited; the cache had what it needs when it got the lock.
    pub(super) told: bool,
    pub(super) needless: bool,
}

const NEW: Process =
    Process { at: At::Outside, stopped: false, has: None, refusals: Refusals::NONE, told: false, needless: false };

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct LockFile {
    pub(super) holder: Option<usize>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) all: [Process; 3],
    /// The lock's files: those that were removed, then the one at its path.
    pub(super) files: [LockFile; 2],
    pub(super) path: usize,
    /// Whether the cache has what all of them need.
    kept: bool,
    /// The code that the device shows, the codes that are noted, and those that STS was sent.
    shown: u8,
    noted: u16,
    sent: u16,
    /// For the checks alone: what happened that must not happen.
    pub(super) wrong: Option<&'static str>,
    left: Left,
}

const PIDS: [u32; 3] = [1, 2, 3];

/// Codes from this number on are mistyped.
const MISTYPED: u8 = 8;

/// Adds a change under this name.
type Add<'a> = dyn FnMut(&'static str, &dyn Fn(&mut World)) + 'a;

/// A change that may happen next: its name, whether it comes by itself if a person and the network do their part, and
/// the world after it.
pub(super) type Change = (&'static str, bool, World);

impl World {
    pub(super) fn new(left: Left) -> Self {
        let files = Default::default();
        Self { all: [NEW; 3], files, path: 0, kept: false, shown: 0, noted: 0, sent: 0, wrong: None, left }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn go(&mut self, who: usize, at: At) {
        self.all[who].at = at;
    }

    /// Takes the step, or leaves it to the next change if it matters what happens before it.
    fn next(&mut self, who: usize, step: Step<u8, (), ()>, kinds: Kinds) {
        match step {
            Step::LookAgain | Step::NoteCode(_) | Step::SendCode(_) => self.go(who, At::Next(step)),
            step => self.step(who, step, kinds),
        }
    }

    fn release(&mut self, who: usize) {
        self.files.iter_mut().filter(|file| file.holder == Some(who)).for_each(|file| file.holder = None);
    }

    /// The process is gone, and its lock with it.
    fn end(&mut self, who: usize) {
        self.release(who);
        self.all[who] = Process { at: At::Over, ..NEW };
    }

    fn open(&mut self, who: usize, attempt: Attempt) {
        self.go(who, At::Opened(self.path, self.files[self.path].state, attempt));
    }

    fn give_up(&mut self, who: usize) {
        let Some((file, tenure)) = &mut self.all[who].has else { return };
        let file = *file;
        if tenure.give_up() {
            self.files[file].state = tenure.state();
        }
    }

    /// The person or STS made an end of it: those who wait are to learn that.
    fn quits(&mut self, who: usize) {
        let Some(file) = self.files.iter().position(|file| file.holder == Some(who)) else { return };
        let waiting = self.all.iter_mut().filter(|other| matches!(other.at, At::Waiting(at, _) if at == file));
        waiting.for_each(|other| other.told = true);
    }

    /// A signal ends the process.
    fn cancel(&mut self, who: usize) {
        self.quits(who);
        if self.all[who].has.is_some_and(|(_, tenure)| tenure.asks()) {
            self.give_up(who);
        }
        self.end(who);
    }

    fn stop(&mut self, who: usize) {
        self.left.stops -= 1;
        self.all[who].stopped = true;
        if let Some((_, tenure)) = &mut self.all[who].has {
            tenure.stopping();
            self.release(who);
        }
    }

    fn go_on(&mut self, who: usize, kinds: Kinds) {
        self.all[who].stopped = false;
        if let Some((file, mut tenure)) = self.all[who].has {
            let free = !tenure.is_lost() && self.files[file].holder.is_none() && file == self.path;
            if tenure.retaken(free.then(|| self.files[file].state)) {
                self.files[file].holder = Some(who);
            }
            self.all[who].has = Some((file, tenure));
        }
        if self.all[who].at == At::Prompt {
            self.next(who, Step::asked(Err(NoCode::Resumed)), kinds);
        }
    }

    fn has_turn(&self, who: usize) -> bool {
        self.all[who].has.is_some_and(|(_, tenure)| !tenure.is_lost())
    }

    /// What was typed or printed, if it is a code that may be sent.
    fn code(&self, number: u8) -> Option<u8> {
        let noted = self.noted;
        match typed(&format!("{number:06}"), false, |digits| noted & 1 << digits.expose().parse::<u8>().unwrap() != 0) {
            Typed::Code(digits) => digits.expose().parse().ok(),
            Typed::Used | Typed::NextDevice | Typed::NoCode => None,
        }
    }

    /// What this process does next by itself.
    fn own(&self, who: usize, kinds: Kinds, found: &mut Vec<Change>) {
        let mut add = |name, change: &dyn Fn(&mut Self)| found.push((name, true, self.with(change)));
        match self.all[who].at {
            At::Opened(file, ..) if self.files[file].holder.is_none() => {
                add("takes the lock", &|world| world.lock(who));
            }
            At::Opened(_, before, _) => {
                let above: &[u32] = if kinds[who] == Kind::RunByTheFirst { &PIDS[..1] } else { &[] };
                add("finds it held", &|world| world.blocked(who, before, above));
            }
            At::Waiting(file, _) if self.files[file].holder.is_none() => add("gets the lock", &|world| world.lock(who)),
            At::Locked(file, attempt) => add("looks at the file", &|world| world.locked(who, file, attempt)),
            At::Next(step) => add("goes on", &|world| world.step(who, step, kinds)),
            At::Prompt => self.at_prompt(who, kinds, &mut add),
            At::Program if self.all[2].at == At::Over => add("has the program's code", &|world| {
                let next = world.code(world.shown).map(|code| Step::asked(Ok(code)));
                match next {
                    Some(step) => world.next(who, step, kinds),
                    None => world.go(who, At::Prompt),
                }
            }),
            At::Call(code) => self.at_call(who, code, kinds, &mut add),
            At::Outside if kinds[who] == Kind::RunByTheFirst && self.all[0].at == At::Program => {
                add("begins", &|world| world.begin(who, kinds));
            }
            At::Outside | At::Waiting(..) | At::Program | At::Over => {}
        }
    }

    fn lock(&mut self, who: usize) {
        if let At::Opened(file, _, attempt) | At::Waiting(file, attempt) = self.all[who].at {
            self.files[file].holder = Some(who);
            self.go(who, At::Locked(file, attempt));
        }
    }

    fn blocked(&mut self, who: usize, before: State, above: &[u32]) {
        let At::Opened(file, _, mut attempt) = self.all[who].at else { return };
        match attempt.blocked(before, above) {
            Blocked::Wait => self.go(who, At::Waiting(file, attempt)),
            Blocked::PartOfItself => self.end(who),
        }
    }

    fn locked(&mut self, who: usize, file: usize, mut attempt: Attempt) {
        let state = self.files[file].state;
        if let Some(tenure) = attempt.locked(file == self.path, state, PIDS[who], true) {
            self.files[file].state = tenure.state();
            self.all[who].has = Some((file, tenure));
            self.all[who].needless = self.kept;
            if file != self.path {
                self.wrong = Some("a lock is taken whose file is gone");
            }
            self.go(who, At::Next(Step::LookAgain));
        } else {
            self.release(who);
            self.all[who].told = false;
            self.open(who, attempt);
        }
    }

    /// A run that finds what it needs asks nobody.
    fn begin(&mut self, who: usize, kinds: Kinds) {
        if self.kept { self.end(who) } else { self.step(who, Step::TakeTurn, kinds) }
    }

    fn step(&mut self, who: usize, step: Step<u8, (), ()>, kinds: Kinds) {
        match step {
            Step::TakeTurn => {
                self.release(who);
                self.all[who].has = None;
                self.all[who].told = false;
                self.open(who, Attempt::default());
            }
            Step::LookAgain => {
                let after = self.all[who].has.and_then(|(_, tenure)| tenure.after());
                self.next(who, Step::looked(self.kept.then_some(()), after), kinds);
            }
            Step::GetCode => match kinds[who] {
                Kind::Unattended => self.next(who, Step::asked(Err(NoCode::Failed(()))), kinds),
                Kind::RunsTheLast if self.all[2].at == At::Outside => self.go(who, At::Program),
                Kind::Attended | Kind::RunsTheLast | Kind::RunByTheFirst => self.go(who, At::Prompt),
            },
            Step::NoteCode(code) => {
                self.noted |= 1 << code;
                self.go(who, At::Next(Step::SendCode(code)));
            }
            Step::SendCode(code) => {
                // Who removes the lock's file while it is held must expect two holders.
                if self.path == 0 && self.sent & 1 << code != 0 {
                    self.wrong = Some("a code is sent twice");
                }
                self.sent |= 1 << code;
                self.go(who, At::Call(code));
            }
            Step::GiveUp(()) => {
                self.give_up(who);
                self.end(who);
            }
            Step::Found(()) | Step::GiveWay(_) | Step::Answered(()) | Step::Fail(()) => self.end(who),
        }
    }
}
