"""A short description of the CPU features that compiled code needs."""

from ludus.core.types import Cpu

# Named sets of features: the levels v4 and v3 of x86-64.
SETS = {
    "AVX-512": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    "AVX2": ("avx2", "fma", "f16c"),
}


def description(cpu: Cpu) -> str:
    """Such as "x86_64 AVX-512": a complete set is given by its name, other features one by one."""
    features = list(cpu.features)
    words: list[str] = [cpu.architecture]
    for name, members in SETS.items():
        if set(members) <= {*features}:
            words.append(name)
            features = [feature for feature in features if feature not in members]
    return " ".join([*words, *features])
