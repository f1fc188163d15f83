//! tmp
use crate::manifest::Cpu;
/// tmp
pub fn why_not(needs: &Cpu) -> Option<String> {
    if needs.architecture != std::env::consts::ARCH {
        return Some(format!(
            "it is for {} CPUs, and this is {}",
            needs.architecture,
            std::env::consts::ARCH
        ));
    }
    let missing: Vec<_> =
        needs.features.iter().filter(|f| crate::iree::cpu_has(f) == Some(false)).cloned().collect();
    let unknown: Vec<_> =
        needs.features.iter().filter(|f| crate::iree::cpu_has(f).is_none()).cloned().collect();
    if !unknown.is_empty() {
        return Some(format!(
            "IREE's runtime cannot tell whether this CPU has {}",
            unknown.join(", ")
        ));
    }
    (!missing.is_empty()).then(|| format!("this CPU has no {}", missing.join(", ")))
}
/// tmp
pub fn name() -> String {
    "cpu".into()
}
