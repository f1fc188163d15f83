//! This computer's CPU: its architecture, and its features as LLVM names them.

use std::env::consts::ARCH;

use crate::iree;
use crate::manifest::Cpu;

/// Why this CPU cannot run code that needs these, or None.
pub fn why_not(needs: &Cpu) -> Option<String> {
    why_not_on(architecture(), iree::cpu_has, needs)
}

/// `x86_64` or `aarch64`; another name where it is neither.
pub fn architecture() -> &'static str {
    ARCH
}

/// The CPU's name, as far as the system has it.
pub fn name() -> String {
    // None but Linux has the file, none but Windows the variable.
    let found = std::fs::read_to_string("/proc/cpuinfo").ok();
    let found = found.as_deref().and_then(model_name).map(str::to_owned);
    let found = found.or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok());
    found.unwrap_or_else(|| architecture().to_owned())
}

/// The first of the names in the text of /proc/cpuinfo; ARM's has none.
fn model_name(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim()).filter(|name| !name.is_empty())
}

/// `has`: whether the CPU has a feature; None where that is unknown.
fn why_not_on(
    architecture: &str,
    has: impl Fn(&str) -> Option<bool>,
    needs: &Cpu,
) -> Option<String> {
    if needs.architecture.as_str() != architecture {
        return Some(format!("it is for {} CPUs, and this is {architecture}", needs.architecture));
    }
    let those = |answer: Option<bool>| {
        let found = needs.features.iter().filter(|feature| has(feature) == answer);
        let found: Vec<&str> = found.map(String::as_str).collect();
        (!found.is_empty()).then(|| found.join(", "))
    };
    let unknown = those(None)
        .map(|features| format!("IREE's runtime cannot tell whether this CPU has {features}"));
    unknown.or_else(|| those(Some(false)).map(|features| format!("this CPU has no {features}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Architecture;

    fn needs(features: &[&str]) -> Cpu {
        let features = features.iter().map(|&feature| feature.to_owned()).collect();
        Cpu { architecture: Architecture::X86_64, features }
    }

    /// A CPU with AVX2 and no other feature that the runtime knows.
    fn has(feature: &str) -> Option<bool> {
        match feature {
            "avx2" => Some(true),
            "fma" | "f16c" => Some(false),
            _ => None,
        }
    }

    #[test]
    fn code_for_this_cpu_can_run() {
        assert_eq!(why_not_on("x86_64", has, &needs(&[])), None);
        assert_eq!(why_not_on("x86_64", has, &needs(&["avx2"])), None);
    }

    #[test]
    fn code_for_another_architecture_cannot_run() {
        assert_eq!(
            why_not_on("aarch64", has, &needs(&["avx2"])).unwrap(),
            "it is for x86_64 CPUs, and this is aarch64"
        );
    }

    #[test]
    fn code_for_features_that_are_not_here_cannot_run() {
        assert_eq!(
            why_not_on("x86_64", has, &needs(&["avx2", "fma", "f16c"])).unwrap(),
            "this CPU has no fma, f16c"
        );
    }

    #[test]
    fn a_feature_that_the_runtime_does_not_know_is_not_taken_for_granted() {
        assert_eq!(
            why_not_on("x86_64", has, &needs(&["fma", "warp9", "warp10"])).unwrap(),
            "IREE's runtime cannot tell whether this CPU has warp9, warp10"
        );
    }

    #[test]
    fn the_runtime_tells_what_this_cpu_has() {
        let this = serde_json::from_str(&format!("\"{ARCH}\"")).unwrap();
        let of_this = |features: &[&str]| Cpu { architecture: this, ..needs(features) };
        assert_eq!(why_not(&of_this(&[])), None);
        let reason = why_not(&of_this(&["warp9"])).unwrap();
        assert!(reason.contains("cannot tell"), "{reason}");
    }

    #[test]
    fn the_name_is_the_first_of_proc_cpuinfo() {
        let text = "processor\t: 0\nmodel name\t: A: 64 cores \n\nmodel name\t: B\n";
        assert_eq!(model_name(text), Some("A: 64 cores"));
    }

    #[test]
    fn a_cpu_without_a_name_has_none() {
        assert_eq!(model_name("processor\t: 0\nCPU part\t: 0xd0c\n"), None);
        assert_eq!(model_name("model name\t:\n"), None);
        assert!(!name().is_empty());
    }
}
