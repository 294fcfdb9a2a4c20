//! A name for each role that has no profile yet, so that no two are the same.

use std::collections::HashMap;

use crate::actions::sync_sso::rules::{Rules, fit};
use crate::sso::accounts::Assignment;

/// Names that mean something else in the two files.
const RESERVED: [&str; 2] = ["default", "DEFAULT"];

/// From this level on, a number is part of the name.
const LAST: usize = 3;

/// The names for these new roles, in their order. Where several would have the same name, or one that the files have, the number
/// of the account tells them apart, and if it does not, the role, and then a number. The result does not depend on the
/// order of the service's answers, because the roles are sorted.
pub(crate) fn distinct(new: &[&Assignment], rules: &Rules, has: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut levels = vec![0_usize; new.len()];
    loop {
        let names: Vec<String> = new.iter().zip(&levels).map(|(role, level)| name(role, *level, rules)).collect();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *count.entry(name).or_default() += 1;
        }
        let is_free = |name: &str| count.get(name) == Some(&1) && !has(name) && !RESERVED.contains(&name);
        let mut is_settled = true;
        for (at, (name, level)) in names.iter().zip(&mut levels).enumerate() {
            if !is_free(name) {
                // From the last level on, each role has its own numbers.
                *level = match *level {
                    0 | 1 => *level + 1,
                    2 => LAST + at,
                    last => last + new.len(),
                };
                is_settled = false;
            }
        }
        if is_settled {
            return names;
        }
    }
}

/// The name of a role, the longer the higher the level.
fn name(role: &Assignment, level: usize, rules: &Rules) -> String {
    let name = rules.name(role);
    match level {
        0 => name,
        1 => format!("{name}-{}", role.account_id),
        2 => format!("{name}-{}-{}", role.account_id, fit(&role.role_name)),
        more => format!("{name}-{}-{}-{}", role.account_id, fit(&role.role_name), more - LAST + 1),
    }
}
