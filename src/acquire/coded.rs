//! The steps of a call that carries a code, apart from what they do: who asks, who waits, who gives up, and what is
//! looked up again (docs/design-credentials.md, "Locks"). Nothing is read, asked or sent here, so that
//! `coded/search.rs` can try every order of events.

use crate::error::Error;
use crate::mfa::codes::NoCode;

/// What a run does next. `C` is a code, `T` the answer to the call, and `E` an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step<C, T, E = Error> {
    /// Release the device's lock if this run has it, and wait for it. Then [`Step::LookAgain`].
    TakeTurn,
    /// Look for what another process obtained meanwhile. Then [`Step::looked`].
    LookAgain,
    /// End with what another process obtained.
    Found(T),
    /// Fail, because this process gave up while this one waited.
    GiveWay(u32),
    /// Get a code from an option, a program or the person. Then [`Step::asked`].
    GetCode,
    /// Note the code as used. Then [`Step::SendCode`].
    NoteCode(C),
    /// Send the code, and keep the answer. Then [`Step::sent`].
    SendCode(C),
    /// End with the answer.
    Answered(T),
    /// Tell the processes that wait for this one that it gave up, and fail.
    GiveUp(E),
    /// Fail. The next process that waits may ask.
    Fail(E),
}

/// What came of sending a code.
pub(crate) enum Sent<T, E = Error> {
    /// The answer to the call.
    Answer(T),
    /// STS refused the code: another one may be tried, or none.
    WrongCode(Result<(), NoCode<E>>),
    /// The call failed for another reason.
    Failure(E),
}

impl<C, T, E> Step<C, T, E> {
    /// After a look at the caches with the lock held. `after` is the process that gave up while this one waited.
    pub(crate) fn looked(found: Option<T>, after: Option<u32>) -> Self {
        match (found, after) {
            (Some(found), _) => Self::Found(found),
            (None, Some(pid)) => Self::GiveWay(pid),
            (None, None) => Self::GetCode,
        }
    }

    /// After a code was asked for.
    pub(crate) fn asked(code: Result<C, NoCode<E>>) -> Self {
        code.map_or_else(Self::without_code, Self::NoteCode)
    }

    /// After a code was sent. `has_turn` says whether this run still has the device's lock.
    pub(crate) fn sent(came: Sent<T, E>, has_turn: bool) -> Self {
        match came {
            Sent::Answer(answer) => Self::Answered(answer),
            Sent::WrongCode(Ok(())) if has_turn => Self::GetCode,
            Sent::WrongCode(Ok(())) => Self::TakeTurn,
            Sent::WrongCode(Err(none)) => Self::without_code(none),
            // Another code would fail as well: the processes that wait for this one must not ask in turn.
            Sent::Failure(error) => Self::GiveUp(error),
        }
    }

    fn without_code(none: NoCode<E>) -> Self {
        match none {
            NoCode::Failed(error) => Self::Fail(error),
            NoCode::GivenUp(error) => Self::GiveUp(error),
            // This run was stopped at the prompt, and another process may have made the call since then.
            NoCode::Resumed => Self::TakeTurn,
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod search;
