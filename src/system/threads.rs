//! Work on many items, shared by threads.

use std::thread;

/// What `work` makes of the items, in their order. It is given a part of them at a time. There are at most as many
/// threads as processors, and one for `least` items: for fewer, another one costs more than it saves.
pub fn in_parts<T: Sync, R: Send>(items: &[T], least: usize, work: impl Fn(&[T]) -> Vec<R> + Sync) -> Vec<R> {
    // The number of processors is asked for only if it matters: that reads files.
    let most = items.len() / least.max(1);
    let threads = if most > 1 { thread::available_parallelism().map_or(1, |number| number.get().min(most)) } else { 1 };
    let mut parts = items.chunks(items.len().div_ceil(threads).max(1));
    let Some(first) = parts.next() else { return Vec::new() };
    thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> =
            parts.map(|part| (part, thread::Builder::new().spawn_scoped(scope, || work(part)))).collect();
        let mut made = work(first);
        for (part, other) in others {
            made.extend(match other {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // The system allows no more threads.
                Err(_) => work(part),
            });
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use crate::system::threads::in_parts;

    #[test]
    fn every_item_is_worked_on_once_and_in_order() {
        for count in [0, 1, 2, 3, 99, 100, 1000, 1001] {
            let items: Vec<u32> = (0..count).collect();
            for least in [0, 1, 7, 100, 5000] {
                let made = in_parts(&items, least, |part| part.iter().map(|item| item * 2).collect());
                assert_eq!(made, items.iter().map(|item| item * 2).collect::<Vec<_>>(), "{count} {least}");
            }
        }
    }
}
