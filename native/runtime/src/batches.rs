//! Splits any number of images into calls of functions that each take a fixed number of them.

/// The batch of a function that takes any number of images.
pub const ANY: i64 = -1;

/// Such a function is given this many at a time, so that memory stays bounded.
pub const LARGEST: usize = 256;

/// The batch sizes to call, in order, so that together they take at least `images` images.
///
/// The largest that is more than half full comes first; only the last call can be padded.
///
/// # Panics
/// Where there are images and no batch that takes any, which a manifest's check refuses.
pub fn plan(images: usize, batches: &[i64]) -> Vec<usize> {
    if batches.contains(&ANY) {
        let (full, rest) = (images / LARGEST, images % LARGEST);
        return [vec![LARGEST; full], vec![rest; usize::from(rest > 0)]].concat();
    }
    let mut sizes: Vec<usize> = batches.iter().filter_map(|&size| size.try_into().ok()).collect();
    sizes.retain(|&size| size > 0);
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let (mut calls, mut left) = (Vec::new(), images);
    for &size in &sizes {
        while left > size / 2 {
            calls.push(size);
            left = left.saturating_sub(size);
        }
    }
    if left > 0 {
        calls.push(*sizes.last().expect("a module has functions for at least one image"));
    }
    calls
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a manifest may have them.
    fn batches() -> impl Strategy<Value = Vec<i64>> {
        prop_oneof![Just(vec![ANY]), prop::collection::vec(1i64..300, 1..6)]
    }

    proptest! {
        #[test]
        fn the_calls_take_all_images_and_only_the_last_is_padded(
            images in 0usize..3000,
            batches in batches(),
        ) {
            let calls = plan(images, &batches);
            let taken: usize = calls.iter().sum();
            prop_assert!(taken >= images);
            prop_assert!(calls.last().is_none_or(|last| taken - last < images));
            if batches == [ANY] {
                prop_assert_eq!(taken, images);
                prop_assert!(calls.iter().all(|&call| call <= LARGEST));
            } else {
                prop_assert!(calls.iter().all(|&call| batches.contains(&(call as i64))));
            }
        }

        #[test]
        fn padding_is_less_than_half_a_call_unless_no_batch_is_smaller(
            images in 1usize..3000,
            batches in prop::collection::vec(1i64..300, 1..6),
        ) {
            let calls = plan(images, &batches);
            let (padding, last) = (calls.iter().sum::<usize>() - images, *calls.last().unwrap());
            prop_assert!(padding * 2 < last || last as i64 == *batches.iter().min().unwrap());
        }

        #[test]
        fn what_is_no_batch_is_passed_over(
            images in 0usize..3000,
            batches in batches(),
            nonsense in prop_oneof![Just(0i64), i64::MIN..-1],
        ) {
            let with_nonsense = [&batches[..], &[nonsense]].concat();
            prop_assert_eq!(plan(images, &with_nonsense), plan(images, &batches));
        }
    }

    #[test]
    fn plans_are_as_in_python() {
        let cases: [(usize, &[i64], &[usize]); 11] = [
            (0, &[1, 16], &[]),
            (0, &[ANY], &[]),
            (1, &[1, 16], &[1]),
            (8, &[1, 16], &[1; 8]),
            (9, &[16, 1], &[16]),
            (17, &[1, 16], &[16, 1]),
            (1, &[16], &[16]),
            (300, &[1, 16, 256], &[256, 16, 16, 16]),
            (300, &[ANY], &[256, 44]),
            (512, &[ANY, 1], &[256, 256]),
            (5, &[4], &[4, 4]),
        ];
        for (images, batches, calls) in cases {
            assert_eq!(plan(images, batches), calls, "{images} images, batches {batches:?}");
        }
    }

    #[test]
    fn a_batch_larger_than_any_memory_is_planned() {
        assert_eq!(plan(3, &[i64::MAX]), [i64::MAX as usize]);
    }

    #[test]
    #[should_panic(expected = "functions for at least one image")]
    fn images_without_a_batch_do_not_hang() {
        plan(1, &[0, i64::MIN]);
    }
}
