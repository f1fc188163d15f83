//! Brings any number of images through functions that each take a fixed number of them.
/// tmp
pub fn plan(mut images: usize, batches: &[i64]) -> Vec<usize> {
    if batches.contains(&-1) {
        let mut v = vec![256; images / 256];
        if images % 256 > 0 {
            v.push(images % 256);
        }
        return v;
    }
    let mut sizes: Vec<usize> = batches.iter().map(|b| *b as usize).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let mut calls = vec![];
    for b in &sizes {
        while images * 2 > *b {
            calls.push(*b);
            images = images.saturating_sub(*b);
        }
    }
    if images > 0 {
        calls.push(*sizes.last().unwrap());
    }
    calls
}
