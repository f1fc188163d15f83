//! Any picture of a drawing becomes the network's input.
//!
//! That it is the one of `ludus/bundle/preprocessing.py` is for tests/backend/test_native_pictures.py to say.

use std::iter::repeat_n;

use ludus_runtime::manifest::{Centre, Drawing, DrawingLayout, Invert};
use ludus_runtime::picture::Picture;
use ludus_runtime::preprocess::drawing::{normalise, preprocess};
use proptest::prelude::*;

const SIDE: usize = 28;
const HOW: Drawing = Drawing {
    size: SIDE,
    box_size: 20,
    layout: DrawingLayout::Nchw,
    scale: 1.0 / 255.0,
    mean: 0.0,
    invert: Invert::Auto,
    centre: Centre::Mass,
};

/// Grey levels, `[height, width]`.
#[derive(Debug, Clone)]
struct Canvas {
    width: usize,
    levels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize, level: impl Fn(usize, usize) -> u8) -> Self {
        let levels = (0..width * height).map(|i| level(i % width, i / width)).collect();
        Self { width, levels }
    }

    fn height(&self) -> usize {
        self.levels.len() / self.width
    }

    fn each(&self, level: impl Fn(u8) -> u8) -> Self {
        Self { width: self.width, levels: self.levels.iter().map(|&old| level(old)).collect() }
    }

    fn inverted(&self) -> Self {
        self.each(|level| 255 - level)
    }

    /// With `left` and `above` black pixels before it, in a picture of `width` x `height`.
    fn on_black(&self, left: usize, above: usize, width: usize, height: usize) -> Self {
        Self::new(width, height, |x, y| match (x.checked_sub(left), y.checked_sub(above)) {
            (Some(x), Some(y)) if x < self.width && y < self.height() => self.at(x, y),
            _ => 0,
        })
    }

    fn enlarged(&self, times: usize) -> Self {
        let (width, height) = (self.width * times, self.height() * times);
        Self::new(width, height, |x, y| self.at(x / times, y / times))
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.levels[y * self.width + x]
    }

    fn picture(&self) -> Picture {
        self.coloured(|level| [level, level, level, 255])
    }

    fn coloured(&self, pixel: impl Fn(u8) -> [u8; 4]) -> Picture {
        let rgba = self.levels.iter().flat_map(|&level| pixel(level)).collect();
        Picture { width: self.width, height: self.height(), rgba }
    }
}

/// The ten images of the golden bundle: what preprocessing made of tests/golden/drawings.
fn digits() -> Vec<Canvas> {
    let images = include_bytes!("../../../tests/golden/bundle/golden/images.bin");
    let digit = |levels: &[u8]| Canvas { width: SIDE, levels: levels.to_vec() };
    images.chunks_exact(SIDE * SIDE).map(digit).collect()
}

fn four() -> Canvas {
    digits().swap_remove(4)
}

fn rectangle(width: usize, height: usize, level: u8) -> Canvas {
    Canvas::new(width, height, |_, _| level)
}

/// The input, as grey levels.
fn levels(picture: &Picture, how: &Drawing) -> Vec<f32> {
    preprocess(picture, how).unwrap().into_iter().map(|value| value * 255.0).collect()
}

/// The mean difference from a digit, grey levels.
fn difference(picture: &Picture, digit: &Canvas) -> f32 {
    let found = levels(picture, &HOW);
    let differences = found.iter().zip(&digit.levels).map(|(f, &d)| (f - f32::from(d)).abs());
    differences.sum::<f32>() / found.len() as f32
}

fn error(picture: &Picture) -> String {
    let error = preprocess(picture, &HOW).unwrap_err();
    assert_eq!(error.name(), "ImageError");
    error.to_string()
}

/// The rows of an image of `size` in which there is something.
fn inked_rows(image: &[f32], size: usize) -> Vec<usize> {
    let inked = |row: &[f32]| row.iter().any(|&level| level > 1e-3);
    (0..size).filter(|&y| inked(&image[y * size..][..size])).collect()
}

fn turned(image: &[f32], size: usize) -> Vec<f32> {
    (0..size * size).map(|i| image[i % size * size + i / size]).collect()
}

/// A square of `ink` 50 pixels wide on `paper`, and above it what `more` adds. What counts as part
/// of the drawing makes its box larger, so that the square is fewer than 20 pixels wide in the image.
fn counts(ink: u8, paper: impl Fn(usize, usize) -> u8, more: impl Fn(usize, usize) -> u8) -> bool {
    let canvas = Canvas::new(200, 200, |x, y| match (x, y) {
        (70..120, 140..190) => ink,
        _ => more(x, y).max(paper(x, y)),
    });
    let found = levels(&canvas.picture(), &Drawing { invert: Invert::Never, ..HOW });
    inked_rows(&strong(&turned(&found, SIDE)), SIDE).len() < 20
}

/// Without what is pale.
fn strong(image: &[f32]) -> Vec<f32> {
    image.iter().map(|&level| if level > 200.0 { level } else { 0.0 }).collect()
}

/// Reproducible noise, 0 to `largest`.
fn noise(x: usize, y: usize, largest: u8) -> u8 {
    let mixed = (x as u64 * 7919 + y as u64 * 104_729 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 40) % (u64::from(largest) + 1)) as u8
}

// An MNIST image stays what it is, whatever it is drawn on

#[test]
fn an_mnist_image_stays_what_it_is_dark_on_light_or_light_on_dark() {
    for digit in digits() {
        assert!(difference(&digit.picture(), &digit) < 1e-4);
        assert!(difference(&digit.inverted().picture(), &digit) < 1e-4);
    }
}

#[test]
fn neither_a_margin_nor_its_absence_changes_anything() {
    for digit in digits() {
        assert!(difference(&digit.on_black(3, 50, 60, 90).picture(), &digit) < 1e-4);
        let rows: Vec<_> = (0..SIDE).filter(|&y| (0..SIDE).any(|x| digit.at(x, y) > 0)).collect();
        let (first, count) = (rows[0], rows.len());
        let cut = Canvas::new(SIDE, count, |x, y| digit.at(x, y + first));
        assert!(difference(&cut.inverted().picture(), &digit) < 1e-4);
    }
}

#[test]
fn enlarging_by_whole_pixels_changes_nothing() {
    for digit in digits() {
        assert!(difference(&digit.enlarged(7).on_black(60, 20, 280, 280).picture(), &digit) < 1e-4);
    }
}

#[test]
fn a_large_picture_is_the_mean_of_its_blocks() {
    for digit in digits() {
        assert!(difference(&digit.enlarged(40).picture(), &digit) < 3.0); // 1120 pixels: 3 x 3
    }
}

#[test]
fn a_large_picture_of_a_single_row_is_no_mean_of_blocks() {
    let line = Canvas::new(3000, 1, |x, _| if (1000..1100).contains(&x) { 255 } else { 0 });
    let found = levels(&line.picture(), &HOW);
    assert_eq!(inked_rows(&turned(&found, SIDE), SIDE).len(), 20);
}

#[test]
fn colours_do_not_matter() {
    let four = four();
    for (ink, paper) in [
        ([20, 30, 160], [255, 240, 120]),
        ([255, 240, 120], [20, 30, 160]),
        ([200, 200, 200], [255, 255, 255]), // pale
        ([255, 0, 0], [255, 255, 255]),
        ([255, 255, 0], [0, 0, 0]),
    ] {
        let coloured = four.coloured(|level| {
            let share = f32::from(level) / 255.0;
            let mixed = |at: usize| share * ink[at] as f32 + (1.0 - share) * paper[at] as f32;
            [mixed(0).round() as u8, mixed(1).round() as u8, mixed(2).round() as u8, 255]
        });
        assert!(difference(&coloured, &four) < 1.0, "{ink:?} on {paper:?}");
    }
}

#[test]
fn ink_on_nothing_is_laid_on_what_makes_it_visible() {
    for ink in [0, 255] {
        let picture = four().coloured(|level| [ink, ink, ink, level]);
        assert!(difference(&picture, &four()) < 1e-4);
    }
}

#[test]
fn grey_is_the_luma_of_bt_601() {
    // Two strokes, one coloured and one white, on black: their ratio is the colour's luma.
    for (colour, luma) in [
        ([255, 0, 0], 76),
        ([0, 255, 0], 150),
        ([0, 0, 255], 29),
        ([199, 0, 0], 60), // of 59.5002
        ([0, 0, 250], 28), // of 28.4996
    ] {
        let strokes = Canvas::new(40, 40, |x, y| match (x, y) {
            (10..15, 10..30) => 1,
            (25..30, 10..30) => 2,
            _ => 0,
        });
        let [red, green, blue] = colour;
        let pixels = [[0, 0, 0, 255], [red, green, blue, 255], [255; 4]];
        let picture = strokes.coloured(|stroke| pixels[usize::from(stroke)]);
        let mut found: Vec<_> =
            levels(&picture, &HOW).iter().map(|level| level.round() as u8).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [0, luma, 255]);
    }
}

#[test]
fn a_drawing_as_light_as_dark_is_laid_on_black() {
    // A light bar and a dark column, whose mean is 128: on black the bar is seen, on white the
    // column.
    let marks = Canvas::new(40, 40, |x, y| match (x, y) {
        (5..35, 5..10) => 255,
        (5..10, 10..40) => 1,
        _ => 0,
    });
    let picture = marks.coloured(|level| [level, level, level, if level > 0 { 100 } else { 0 }]);
    assert!(inked_rows(&strong(&levels(&picture, &HOW)), SIDE).len() < 6);
}

#[test]
fn what_is_as_dark_as_it_is_light_is_not_inverted() {
    let marks = Canvas::new(60, 60, |x, y| match (x, y) {
        (10..40, 10..15) => 228,
        (10..15, 20..50) => 28,
        _ => 128,
    });
    assert!(inked_rows(&levels(&marks.picture(), &HOW), SIDE).len() < 6);
}

#[test]
fn the_median_of_an_even_number_is_the_upper_one() {
    let half = Canvas::new(2, 2, |_, y| if y == 0 { 0 } else { 255 });
    assert!(preprocess(&half.picture(), &Drawing { invert: Invert::Never, ..HOW }).is_err());
}

// Paper, noise, specks

#[test]
fn what_is_above_six_times_the_noise_counts() {
    let paper = |x: usize, y: usize| [98, 100, 102][(x + y) % 3]; // a noise of 2
    assert!(!counts(215, paper, |x, y| if (80..110).contains(&x) && y == 40 { 112 } else { 0 }));
    assert!(counts(215, paper, |x, y| if (80..110).contains(&x) && y == 40 { 113 } else { 0 }));
}

#[test]
fn what_is_above_half_the_peak_counts_whatever_the_noise() {
    let paper = |x: usize, y: usize| [80, 100, 120][(x + y) % 3]; // a noise of 20
    assert!(!counts(200, paper, |x, y| if (80..110).contains(&x) && y == 40 { 150 } else { 0 }));
    assert!(counts(200, paper, |x, y| if (80..110).contains(&x) && y == 40 { 151 } else { 0 }));
}

#[test]
fn what_is_above_a_tenth_of_the_peak_widens_the_box() {
    assert!(!counts(250, |_, _| 0, |x, y| if (80..110).contains(&x) && y == 40 { 25 } else { 0 }));
    assert!(counts(250, |_, _| 0, |x, y| if (80..110).contains(&x) && y == 40 { 26 } else { 0 }));
}

#[test]
fn a_line_with_more_than_a_five_hundredth_of_ink_widens_the_box() {
    assert!(!counts(250, |_, _| 0, |x, y| if (x, y) == (90, 40) { 100 } else { 0 }));
    assert!(counts(250, |_, _| 0, |x, y| if (x, y) == (90, 40) { 101 } else { 0 }));
}

#[test]
fn the_shade_and_grain_of_paper_vanish() {
    let ink = four().enlarged(6).on_black(50, 60, 280, 280);
    let photo = Canvas::new(280, 280, |x, y| {
        let paper = 240.0 - (x + y) as f32 * 25.0 / 280.0;
        (paper - 0.7 * f32::from(ink.at(x, y))) as u8 + noise(x, y, 12)
    });
    assert!(difference(&photo.picture(), &four()) < 16.0);
    assert!(levels(&photo.picture(), &HOW)[..3 * SIDE].iter().all(|&level| level < 1.0));
}

#[test]
fn a_speck_does_not_widen_the_drawings_box() {
    let mut canvas = four().enlarged(6).on_black(50, 60, 280, 280);
    canvas.levels[4 * 280 + 270] = 120;
    assert!(difference(&canvas.picture(), &four()) < 0.1);
}

// Size and place

#[test]
fn the_centre_of_mass_comes_to_the_middle() {
    let ell = Canvas::new(60, 60, |x, y| match (x, y) {
        (10..20, 10..50) | (10..40, 40..50) => 255, // its mass is low and to the left
        _ => 0,
    });
    let found = levels(&ell.picture(), &HOW);
    let sum: f32 = found.iter().sum();
    let mean = |at: fn(usize) -> usize| {
        found.iter().enumerate().map(|(i, level)| at(i) as f32 * level).sum::<f32>() / sum
    };
    for mean in [mean(|i| i % SIDE), mean(|i| i / SIDE)] {
        assert!((mean - 14.0).abs() < 0.501, "{mean}"); // whole pixels: half a one may be missing
    }
    let boxed = levels(&ell.picture(), &Drawing { centre: Centre::Box, ..HOW });
    assert_eq!(inked_rows(&boxed, SIDE), (4..24).collect::<Vec<_>>());
}

#[test]
fn a_drawing_heavy_at_one_end_is_not_cut_off() {
    let how = Drawing { box_size: 26, ..HOW };
    for length in 60..120 {
        let pin = Canvas::new(60, 130, |x, y| match (x, y) {
            (10..50, 5..15) => 255,
            (10..13, 15..) if y < 5 + length => 60, // a pale tail: the mass is at the top
            _ => 0,
        });
        let upside_down = Canvas::new(60, 130, |x, y| pin.at(x, 129 - y));
        for (canvas, first) in [(pin, 2), (upside_down, 0)] {
            let found = levels(&canvas.picture(), &how);
            assert_eq!(inked_rows(&found, SIDE), (first..first + 26).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_drawing_between_two_places_comes_to_the_same_one_at_every_size() {
    // Its centre is exactly half a pixel from both; 147, 281 and 294 are lengths where sums of
    // float64 fall short of that, and a share of 160 / 255 makes others do so.
    for (side, alpha) in (2..300).flat_map(|side| [(side, 255), (side, 160)]) {
        let square = rectangle(side, side, 255).on_black(1, 1, side + 2, side + 2);
        let found = levels(&square.coloured(|level| [level, level, level, alpha]), &HOW);
        assert_eq!(inked_rows(&found, SIDE), (5..25).collect::<Vec<_>>(), "{side} pixels");
    }
}

#[test]
fn an_image_of_another_size_and_box_is_made() {
    let found = levels(&four().picture(), &Drawing { size: 64, box_size: 50, ..HOW });
    assert_eq!(found.len(), 64 * 64);
    assert_eq!(inked_rows(&found, 64).len(), 50);
}

#[test]
fn scale_and_mean_come_last() {
    let want = preprocess(&four().picture(), &HOW).unwrap();
    let how = Drawing { scale: 2.0 / 255.0, mean: 1.0, ..HOW };
    let found = preprocess(&four().picture(), &how).unwrap();
    assert!(want.iter().zip(found).all(|(want, found)| (2.0 * want - 1.0 - found).abs() < 1e-6));
}

#[test]
fn without_inversion_dark_on_light_shows_nothing() {
    let how = Drawing { invert: Invert::Never, ..HOW };
    let error = preprocess(&four().inverted().picture(), &how).unwrap_err();
    assert!(error.to_string().contains("shows nothing"));
    assert_eq!(preprocess(&four().picture(), &how), preprocess(&four().picture(), &HOW));
}

#[test]
fn normalising_scales_each_level() {
    let how = Drawing { scale: 0.5, mean: 3.0, ..HOW };
    assert_eq!(normalise(&[0, 1, 255], &how), [-3.0, -2.5, 124.5]);
    assert_eq!(normalise(&[255], &HOW), [255.0 * (1.0 / 255.0) as f32]);
    assert!(normalise(&[], &HOW).is_empty());
}

// Pictures that show nothing

#[test]
fn a_uniform_picture_shows_nothing() {
    for (width, height) in [(1, 1), (2, 1), (1, 2), (28, 28), (1000, 3), (3, 1000)] {
        for level in [0, 128, 255] {
            assert_eq!(
                error(&rectangle(width, height, level).picture()),
                "the picture shows nothing: its levels differ by 0 of 255 from its border's, \
                 expected at least 16"
            );
        }
    }
}

#[test]
fn paper_without_a_drawing_shows_nothing() {
    let paper = Canvas::new(50, 50, |x, y| 235 + noise(x, y, 10));
    assert!(error(&paper.picture()).contains("expected at least 16"));
}

#[test]
fn a_contrast_of_sixteen_levels_is_enough() {
    let at = |ink| rectangle(10, 10, ink).on_black(5, 5, 20, 20).picture();
    assert!(error(&at(15)).contains("differ by 15 of 255"));
    assert!(preprocess(&at(16), &HOW).is_ok());
}

#[test]
fn a_transparent_picture_shows_nothing() {
    let picture = four().coloured(|level| [level, level, level, 0]);
    assert_eq!(error(&picture), "the picture shows nothing: all of it is transparent");
}

#[test]
fn a_single_speck_shows_nothing() {
    let speck = rectangle(1, 1, 255).on_black(100, 100, 512, 512);
    assert_eq!(
        error(&speck.picture()),
        "the picture shows nothing larger than a speck: any line of 512 pixels has at most 1.00 of \
         ink, expected more than 1.02"
    );
}

#[test]
fn a_picture_without_pixels_shows_nothing() {
    for (width, height) in [(0, 0), (0, 5), (5, 0)] {
        let picture = Picture { width, height, rgba: Vec::new() };
        let size = format!("the picture shows nothing: its size is {width} x {height} pixels");
        assert_eq!(error(&picture), size);
    }
}

#[test]
fn a_picture_must_have_four_bytes_a_pixel() {
    for (width, height, bytes) in [(2, 3, 23), (2, 3, 25), (0, 1, 4), (usize::MAX, 2, 8)] {
        let picture = Picture { width, height, rgba: repeat_n(0, bytes).collect() };
        let wrong = format!(
            "a picture of {width} x {height} pixels has {bytes} bytes, expected 4 a pixel, RGBA"
        );
        assert_eq!(error(&picture), wrong);
    }
}

// Any picture

/// Something light: noise of any size, with no margin.
fn scrawls() -> impl Strategy<Value = Canvas> {
    (2usize..30, 2usize..30).prop_flat_map(|(width, height)| {
        prop::collection::vec(prop_oneof![Just(0u8), 30u8..], width * height)
            .prop_filter("it is no drawing", |levels| levels.iter().any(|&level| level > 0))
            .prop_map(move |levels| Canvas { width, levels })
    })
}

fn sides() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        (1usize..40, 1usize..40),
        (1usize..3, 500usize..1600),
        (500usize..1600, 1usize..3),
        (500usize..1100, 20usize..40),
    ]
}

fn pictures() -> impl Strategy<Value = Picture> {
    let byte = || prop_oneof![Just(0u8), Just(255u8), any::<u8>()];
    let pixel = prop::array::uniform4(byte());
    (sides(), prop::collection::vec(pixel, 1..200)).prop_map(|((width, height), pixels)| {
        let rgba = pixels.iter().cycle().take(width * height).flatten().copied().collect();
        Picture { width, height, rgba }
    })
}

/// Not a level more than rounding accounts for.
fn same(one: &Picture, other: &Picture) -> bool {
    let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-3;
    levels(one, &HOW).iter().zip(&levels(other, &HOW)).all(near)
}

proptest! {
    #[test]
    fn any_picture_is_an_image_or_shows_nothing(
        picture in pictures(),
        size in 1usize..40,
        part in 0.0..1.0,
        invert in prop::sample::select(vec![Invert::Never, Invert::Auto]),
        centre in prop::sample::select(vec![Centre::Mass, Centre::Box]),
    ) {
        let box_size = 1 + (part * (size - 1) as f64) as usize;
        match preprocess(&picture, &Drawing { size, box_size, invert, centre, ..HOW }) {
            Ok(input) => {
                prop_assert_eq!(input.len(), size * size);
                prop_assert!(input.iter().all(|value| (0.0..=1.000_001).contains(value)));
                prop_assert!(input.iter().any(|&value| value > 0.999_999));
            }
            Err(error) => prop_assert_eq!(error.name(), "ImageError"),
        }
    }

    #[test]
    fn any_rectangle_fills_the_box_and_stays_in_the_image(
        (width, height) in (2usize..200, 2usize..200),
        (left, above) in (2usize..200, 2usize..200),
        ink in 20u8..,
    ) {
        let canvas = rectangle(width, height, ink);
        let canvas = canvas.on_black(left, above, width + left + 5, height + above + 5);
        let found = levels(&canvas.picture(), &HOW);
        let rows = inked_rows(&found, SIDE).len();
        let columns = inked_rows(&turned(&found, SIDE), SIDE).len();
        prop_assert_eq!(rows.max(columns), 20);
        let zoom = 20.0 / width.max(height) as f32;
        if width.min(height) as f32 * zoom >= 2.0 { // some pixel is inside: none was made brighter
            let area = (width * height) as f32 * zoom * zoom;
            prop_assert!((found.iter().sum::<f32>() / 255.0 - area).abs() < 0.01 * area);
        }
    }

    #[test]
    fn where_a_drawing_is_on_its_paper_does_not_matter(
        scrawl in scrawls(),
        (left, above) in (1usize..30, 1usize..30),
    ) {
        let one = scrawl.on_black(1, 1, 60, 60).picture();
        prop_assert!(same(&one, &scrawl.on_black(left, above, 60, 60).picture()));
    }

    #[test]
    fn how_large_a_drawing_is_does_not_matter(scrawl in scrawls(), times in 2usize..8) {
        let one = scrawl.on_black(1, 1, 32, 32);
        prop_assert!(same(&one.picture(), &one.enlarged(times).picture()));
    }

    #[test]
    fn which_of_ink_and_paper_is_dark_does_not_matter(scrawl in scrawls()) {
        let one = scrawl.on_black(1, 1, 32, 32);
        prop_assert!(same(&one.picture(), &one.inverted().picture()));
    }

    #[test]
    fn how_strong_the_ink_is_does_not_matter(scrawl in scrawls()) {
        let one = scrawl.each(|level| level / 5 * 5).on_black(1, 1, 32, 32);
        prop_assert!(same(&one.picture(), &one.each(|level| level / 5 * 3).picture()));
    }
}
