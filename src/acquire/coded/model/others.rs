//! What others do in the model: the person, STS, the kernel, and the time.
#![allow(clippy::indexing_slicing)]

use crate::acquire::coded::model::{Add, At, Change, Kind, Kinds, MISTYPED, NEW, World};
use crate::acquire::coded::{Sent, Step};
use crate::mfa::code::Tries;
use crate::mfa::codes::NoCode;

impl World {
    /// What the person may do at the prompt.
    pub(super) fn at_prompt(&self, who: usize, kinds: Kinds, add: &mut Add<'_>) {
        if let Some(code) = self.code(self.shown) {
            add("is given the code", &|world| world.next(who, Step::asked(Ok(code)), kinds));
        }
        if let Some(code) = self.code(MISTYPED + self.left.mistyped).filter(|_| self.left.mistyped > 0) {
            add("is given another code", &|world| {
                world.left.mistyped -= 1;
                world.next(who, Step::asked(Ok(code)), kinds);
            });
        }
        add("is given no code", &|world| {
            world.quits(who);
            world.next(who, Step::asked(Err(NoCode::GivenUp(()))), kinds);
        });
        add("is cancelled", &|world| world.cancel(who));
    }

    /// What may come of a call.
    pub(super) fn at_call(&self, who: usize, code: u8, kinds: Kinds, add: &mut Add<'_>) {
        let came = |world: &mut Self, sent| world.next(who, Step::sent(sent, world.has_turn(who)), kinds);
        if code < MISTYPED {
            add("is answered", &|world| {
                world.kept = true;
                came(world, Sent::Answer(()));
            });
        } else {
            add("is told that the code is wrong", &|world| {
                let again = match world.all[who].refusals.add() {
                    Tries::Left => Ok(()),
                    Tries::Over => Err(NoCode::GivenUp(())),
                };
                if again.is_err() {
                    world.quits(who);
                }
                came(world, Sent::WrongCode(again));
            });
        }
        if self.left.failures > 0 {
            add("has no answer", &|world| {
                world.left.failures -= 1;
                world.quits(who);
                came(world, Sent::Failure(()));
            });
        }
    }

    /// What others do to this process.
    fn others(&self, who: usize, kinds: Kinds, found: &mut Vec<Change>) {
        let mut add = |name, change: &dyn Fn(&mut Self)| found.push((name, false, self.with(change)));
        let process = self.all[who];
        // Of processes of one kind, the first one begins first: any other order is the same with other names.
        let first = who == 0 || kinds[who - 1] != kinds[who] || self.all[who - 1].at != At::Outside;
        let ready = first && kinds[who] != Kind::RunByTheFirst;
        match process.at {
            At::Outside if ready && !self.kept => add("begins", &|world| world.begin(who, kinds)),
            At::Over if self.left.ends > 0 => add("begins again", &|world| {
                world.left.ends -= 1;
                world.all[who] = NEW;
            }),
            At::Outside | At::Over => {}
            at => {
                add("is killed", &|world| world.end(who));
                let stops = matches!(at, At::Waiting(..) | At::Prompt | At::Call(_));
                if process.stopped {
                    add("is continued", &|world| world.go_on(who, kinds));
                } else if stops && self.left.stops > 0 {
                    add("is stopped", &|world| world.stop(who));
                }
                if matches!(at, At::Waiting(..)) && kinds[who] == Kind::Unattended {
                    add("has waited long enough", &|world| world.end(who));
                }
                if matches!(at, At::Call(_)) {
                    add("is cancelled", &|world| world.cancel(who));
                }
            }
        }
    }

    /// Everything that may happen next, and to which process.
    pub(in crate::acquire::coded) fn changes(&self, kinds: Kinds) -> Vec<(usize, Change)> {
        let mut all = Vec::new();
        for who in 0..3 {
            let mut found = Vec::new();
            if !self.all[who].stopped {
                self.own(who, kinds, &mut found);
            }
            self.others(who, kinds, &mut found);
            all.extend(found.into_iter().map(|change| (who, change)));
        }
        let mut add = |name, is_there, change: &dyn Fn(&mut Self)| {
            if is_there {
                all.push((9, (name, false, self.with(change))));
            }
        };
        let left = self.left;
        add("the device shows the next code", left.codes > 0, &|world| {
            world.left.codes -= 1;
            world.shown += 1;
        });
        add("the lock's file is removed", left.removals > 0, &|world| {
            world.left.removals -= 1;
            world.path += 1;
        });
        add("what is kept ends", left.ends > 0 && self.kept, &|world| {
            world.left.ends -= 1;
            world.kept = false;
            world.all.iter_mut().for_each(|process| process.needless = false);
        });
        all
    }
}
