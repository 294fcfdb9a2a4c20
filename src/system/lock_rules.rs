//! The rules of a lock, apart from its file: who waits, who has it, what a holder that was stopped may still do, and
//! who learns that a holder gave up (docs/design-credentials.md, "Locks"). Nothing is read or written here, so that
//! `acquire/coded/search.rs` can try every order of events.

/// The contents of a lock file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The process that holds the lock.
    pub pid: u32,
    /// How often a holder gave up.
    pub given_up: u32,
    /// The process that gave up last.
    pub gave_up: u32,
}

/// What a process knows that wants a lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// How often a holder had given up when this process began to wait; `None` if it did not wait.
    seen: Option<u32>,
}

/// What to do about a lock that another process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Blocked {
    /// Wait until it is released.
    Wait,
    /// The holder waits for this process: the wait would never end.
    PartOfItself,
}

impl Attempt {
    /// The lock is held. `before` is what the file said before the attempt, so that a holder that gives up after that
    /// counts as one that gave up during the wait. `ancestors` are the processes that wait for this one.
    pub fn blocked(&mut self, before: State, ancestors: &[u32]) -> Blocked {
        if ancestors.contains(&before.pid) {
            return Blocked::PartOfItself;
        }
        self.seen.get_or_insert(before.given_up);
        Blocked::Wait
    }

    /// The lock was taken, and its file says `state`. `None` if the file is no longer the one at its path: then the
    /// attempt begins again, and what was seen in the old file says nothing about the new one. `asks` says whether the
    /// holder asks a person.
    pub fn locked(&mut self, still_there: bool, state: State, pid: u32, asks: bool) -> Option<Tenure> {
        if !still_there {
            *self = Self::default();
            return None;
        }
        let after = self.seen.filter(|seen| state.given_up > *seen).map(|_| state.gave_up);
        Some(Tenure { state: State { pid, ..state }, after, asks, released: false, lost: false })
    }
}

/// What the holder of a lock knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenure {
    state: State,
    after: Option<u32>,
    asks: bool,
    /// Whether it was released because this process stops, and was not taken again.
    released: bool,
    lost: bool,
}

impl Tenure {
    /// What the lock's file has to say.
    pub fn state(&self) -> State {
        self.state
    }

    /// The process that gave up while this one waited: its prompt was cancelled, its codes were refused, or STS failed
    /// after the code. A process that gets the lock after that asks for no code.
    pub fn after(&self) -> Option<u32> {
        self.after
    }

    /// Whether the holder asks a person. Only then do those who wait fail when a signal ends it.
    pub fn asks(&self) -> bool {
        self.asks
    }

    /// Whether another process had the lock while this one was stopped, and may have it now.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// The holder releases the lock, because it stops.
    pub fn stopping(&mut self) {
        self.released = true;
    }

    /// The holder gives up. Returns whether the file is its to say so in: one that is ended while it is stopped has
    /// nothing to say, because another process may have the lock, and nobody waits for this one.
    pub fn give_up(&mut self) -> bool {
        if self.released {
            return false;
        }
        self.state = State { given_up: self.state.given_up + 1, gave_up: self.state.pid, ..self.state };
        true
    }

    /// The holder, which released the lock before it stopped, goes on. `there` is what the file says if the lock was
    /// free and the file is still in its directory. Returns whether no other process has had the lock since: each
    /// holder writes its process id. If not, the holder has to release it: the next one must not wait for this one.
    pub fn retaken(&mut self, there: Option<State>) -> bool {
        self.lost |= there != Some(self.state);
        self.released = self.lost;
        !self.lost
    }
}
