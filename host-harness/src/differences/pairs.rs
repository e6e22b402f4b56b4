//! Pairs what is the same in two lists, by keys of falling certainty.

use std::collections::{HashMap, VecDeque};

/// Pairs the indexes of two lists. For each key in turn, what is still without a partner is paired with what has the same key on the other
/// side; of several, the first with the first. Returns the pairs, and what is left of each list.
pub(super) fn pair(
    lengths: (usize, usize),
    keys: usize,
    key: impl Fn(usize, bool, usize) -> Option<String>,
) -> (Vec<(usize, usize)>, Vec<usize>, Vec<usize>) {
    let (mut left, mut right): (Vec<usize>, Vec<usize>) = ((0..lengths.0).collect(), (0..lengths.1).collect());
    let mut pairs = Vec::new();
    for which in 0..keys {
        if left.is_empty() || right.is_empty() {
            break;
        }
        let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
        for index in &right {
            if let Some(key) = key(which, false, *index) {
                waiting.entry(key).or_default().push_back(*index);
            }
        }
        let mut taken = std::collections::HashSet::new();
        left.retain(|index| {
            let partner = key(which, true, *index).and_then(|key| waiting.get_mut(&key)).and_then(VecDeque::pop_front);
            if let Some(partner) = partner {
                pairs.push((*index, partner));
                taken.insert(partner);
            }
            partner.is_none()
        });
        right.retain(|index| !taken.contains(index));
    }
    pairs.sort_unstable();
    (pairs, left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surer_key_comes_first_and_equal_keys_are_paired_in_order() {
        let (a, b) = (["x1", "x2", "y1", "y3"], ["y2", "x2", "x3"]);
        let (pairs, left, right) = pair((a.len(), b.len()), 2, |which, first, index| {
            let text = if first { a[index] } else { b[index] };
            Some(if which == 0 { text.to_owned() } else { text[..1].to_owned() })
        });
        assert_eq!(pairs, [(0, 2), (1, 1), (2, 0)]);
        assert_eq!((left, right), (vec![3], vec![]));
    }
}
