//! The search through every state that three processes can come to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::collections::HashMap;

use crate::acquire::coded::model::{At, Kind, Kinds, Left, Process, World};

/// A state: how it was come to, and the states to which the processes go on by themselves.
struct Known {
    from: usize,
    who: usize,
    how: &'static str,
    next: Vec<usize>,
}

/// Goes through every state. Returns how many there are.
fn search(kinds: Kinds, left: Left) -> usize {
    let first = World::new(left);
    let mut places = HashMap::from([(first, 0)]);
    let mut known = vec![Known { from: 0, who: 0, how: "", next: Vec::new() }];
    let mut worlds = vec![first];
    let mut at = 0;
    while at < worlds.len() {
        let world = worlds[at];
        if let Err(wrong) = check(&world) {
            panic!("{wrong}:{}", story(&known, at));
        }
        for (who, (how, own, after)) in world.changes(kinds) {
            let to = *places.entry(after).or_insert_with(|| {
                worlds.push(after);
                known.push(Known { from: at, who, how, next: Vec::new() });
                worlds.len() - 1
            });
            if own {
                known[at].next.push(to);
            }
        }
        assert!(!known[at].next.is_empty() || rests(&world), "a process waits for ever:{}", story(&known, at));
        at += 1;
    }
    if let Some(at) = circle(&known) {
        panic!("processes go round in circles:{}", story(&known, at));
    }
    worlds.len()
}

/// What must hold in every state.
fn check(world: &World) -> Result<(), &'static str> {
    if let Some(wrong) = world.wrong {
        return Err(wrong);
    }
    let shows = |process: &&Process| process.at == At::Prompt && !process.stopped;
    let here = |process: &&Process| process.has.is_none_or(|(file, _)| file == world.path);
    if world.all.iter().filter(shows).filter(here).count() > 1 {
        return Err("two prompts at once");
    }
    for (who, process) in world.all.iter().enumerate() {
        if process.stopped && world.files.iter().any(|file| file.holder == Some(who)) {
            return Err("a stopped process keeps the lock");
        }
        if shows(&process) && process.told {
            return Err("a process asks that has waited for one that gave up");
        }
        if shows(&process) && process.needless {
            return Err("a process asks although the cache had it when its turn came");
        }
    }
    Ok(())
}

/// Whether nobody waits: each process is over, stopped, or did not begin.
fn rests(world: &World) -> bool {
    world.all.iter().all(|process| process.stopped || matches!(process.at, At::Outside | At::Over))
}

/// How a state was come to.
fn story(known: &[Known], mut at: usize) -> String {
    let mut steps = Vec::new();
    while at > 0 {
        steps.push(format!("\n    {} {}", known[at].who, known[at].how));
        at = known[at].from;
    }
    steps.into_iter().rev().collect()
}

/// A state that the processes come back to by themselves. Without one, and if each last state is one of rest, every
/// process comes to an end.
fn circle(known: &[Known]) -> Option<usize> {
    let mut before = vec![0; known.len()];
    known.iter().flat_map(|state| &state.next).for_each(|to| before[*to] += 1);
    let mut free: Vec<usize> = (0..known.len()).filter(|at| before[*at] == 0).collect();
    while let Some(at) = free.pop() {
        for to in &known[at].next {
            before[*to] -= 1;
            if before[*to] == 0 {
                free.push(*to);
            }
        }
    }
    before.iter().position(|count| *count > 0)
}

const NOTHING: Left = Left { codes: 0, mistyped: 0, failures: 0, stops: 0, removals: 0, ends: 0 };

#[test]
fn whatever_happens_to_three_processes_one_asks_and_all_come_to_an_end() {
    use Kind::{Attended, RunByTheFirst, RunsTheLast, Unattended};
    let searches = [
        ([Attended; 3], Left { codes: 2, stops: 1, ..NOTHING }),
        ([Attended, Attended, Unattended], Left { codes: 1, mistyped: 1, stops: 1, ..NOTHING }),
        ([Attended; 3], Left { codes: 1, removals: 1, ..NOTHING }),
        ([Attended; 3], Left { codes: 1, failures: 1, ends: 1, ..NOTHING }),
        ([Attended, Attended, Unattended], Left { codes: 1, stops: 2, ..NOTHING }),
        ([Attended, Attended, Unattended], Left { codes: 1, mistyped: 3, ..NOTHING }),
        ([RunsTheLast, Attended, RunByTheFirst], Left { codes: 1, stops: 1, ..NOTHING }),
    ];
    let states: usize = std::thread::scope(|scope| {
        let searches = searches.map(|(kinds, left)| scope.spawn(move || search(kinds, left)));
        searches.into_iter().map(|search| search.join().unwrap()).sum()
    });
    println!("{states} states");
    assert!(states > 250_000, "the search is not cut short: {states} states");
}
