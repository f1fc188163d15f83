//! The manifest's values of which there are a few.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$word_doc])* #[doc = concat!("\"", $word, "\".")] #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// As the manifest has it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// The type of a tensor's numbers.
    Datatype { Fp32 = "FP32", }

    /// IREE's HAL driver.
    Driver { Cpu = "cpu", Vulkan = "vulkan", Cuda = "cuda", Rocm = "rocm", Metal = "metal", }

    /// What a CPU's code is for.
    Architecture { X86_64 = "x86_64", Aarch64 = "aarch64", Riscv64 = "riscv64", }

    /// What came of an evaluation.
    Status {
        /// Run, on all test inputs, within every threshold:
        Verified = "verified",
        /// Run, and outside a threshold, or broken:
        Failed = "failed",
        /// Built, and not run:
        NotRun = "not run",
        /// Run on another computer, on the same file:
        Attested = "attested",
    }

    /// The order of a drawing's levels: of one channel, row by row.
    DrawingLayout { Nchw = "NCHW", }

    /// Whether a drawing is inverted.
    Invert {
        /// As it is:
        Never = "never",
        /// Where it is darker than its border, to be light on dark:
        Auto = "auto",
    }

    /// What of a drawing comes to the middle.
    Centre {
        /// Its centre of mass:
        Mass = "mass",
        /// The centre of its box:
        Box = "box",
    }

    /// The one kind of `preprocess` that has a key for its kind.
    PhotoKind { Photo = "photo", }

    /// Which part of a photo is resized.
    Fit {
        /// All of it:
        Stretch = "stretch",
        /// The middle of it, of the input's proportions:
        Crop = "crop",
    }

    /// A photo's channels, in the order of the input.
    Channels { Rgb = "RGB", Bgr = "BGR", Grey = "grey", }

    /// The order of a photo's levels.
    Layout {
        /// Plane after plane:
        Nchw = "NCHW",
        /// Pixel after pixel:
        Nhwc = "NHWC",
    }
}
