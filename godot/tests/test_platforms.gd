## What the export plug-in takes for each platform: addons/ludus/platforms.gd.
extends "res://tests/suite.gd"

const Platforms := preload("res://addons/ludus/platforms.gd")

## A variant each: target, backend, driver, architecture.
const VARIANTS: Array[Array] = [
	["x86_64", "iree", "cpu", "x86_64"],
	["aarch64", "iree", "cpu", "aarch64"],
	["interpreter", "iree", "cpu", ""],
	["vulkan", "iree", "vulkan", ""],
	["cuda", "iree", "cuda", ""],
	["rocm", "iree", "rocm", ""],
	["metal", "iree", "metal", ""],
	["onnx", "onnx", "", ""],
	["ncnn", "ncnn", "", ""],
	["torch", "torch", "", ""],
	["xla", "xla", "", ""],
	["riscv64", "iree", "cpu", "riscv64"],
]


func test_linux_and_windows_run_vulkan_cuda_and_their_own_cpu() -> void:
	packs(["linux", "pc", "x86_64"], ["x86_64", "interpreter", "vulkan", "cuda"])
	packs(["linux", "pc", "arm64"], ["aarch64", "interpreter", "vulkan", "cuda"])
	packs(["windows", "pc", "x86_64"], ["x86_64", "interpreter", "vulkan", "cuda"])


func test_macos_runs_metal_and_its_own_cpu() -> void:
	packs(["macos", "arm64"], ["aarch64", "interpreter", "metal"])
	packs(["macos", "universal", "x86_64", "arm64"], ["aarch64", "interpreter", "metal"])


func test_what_there_is_no_library_for_runs_nothing() -> void:
	packs(["windows", "pc", "arm64"], [])
	packs(["linux", "pc", "arm32"], [])
	packs(["linux", "pc", "rv64"], [])
	packs(["macos", "x86_64"], [])
	packs(["android", "mobile", "arm64"], [])
	packs(["ios", "mobile", "arm64"], [])


func test_an_architecture_without_a_library_is_named() -> void:
	lacks(["linux", "arm32"], "res://addons/ludus/ludus.gdextension lists no library for linux arm32")
	lacks(["android", "arm64"], "lists no library for android arm64")
	lacks(["ios", "arm64"], "lists no library for ios arm64")
	lacks(["macos", "x86_64", "arm64"], "lists no library for macos x86_64")
	lacks(["web", "wasm32"], "lists no library for web wasm32")


func test_a_library_that_is_missing_is_named() -> void:
	lacks(["linux", "arm64"], "bin/libludus.linux.template_release.arm64.so is missing")


func test_the_web_runs_nothing() -> void:
	packs(["web", "wasm32"], [])
	packs(["web", "wasm32", "dedicated_server"], [])


func test_a_dedicated_server_runs_the_cpu_alone() -> void:
	packs(["linux", "x86_64", "dedicated_server"], ["x86_64", "interpreter"])
	packs(["windows", "x86_64", "dedicated_server"], ["x86_64", "interpreter"])


func test_what_is_left_out_has_its_reason() -> void:
	var linux: PackedStringArray = ["linux", "x86_64", "release"]
	equal(Platforms.why_not(variant(VARIANTS[1]), linux), "it is for aarch64", "aarch64")
	equal(Platforms.why_not(variant(VARIANTS[6]), linux), "linux x86_64 does not run metal", "metal")
	equal(Platforms.why_not(variant(VARIANTS[7]), linux), "the engine does not run onnx", "onnx")


func test_a_module_of_another_iree_is_left_out() -> void:
	var old := variant(VARIANTS[0])
	old.merge({"fits": false, "iree_version": "3.9.0"}, true)
	var reason := Platforms.why_not(old, ["linux", "x86_64"])
	equal(reason, "it is of IREE 3.9.0, which this add-on does not run", "the reason")


func packs(features: PackedStringArray, expected: PackedStringArray) -> void:
	features.append("release")
	var packed: PackedStringArray = []
	for row: Array in VARIANTS:
		if Platforms.why_not(variant(row), features).is_empty():
			packed.append(row[0])
	var sorted := expected.duplicate()
	sorted.sort()
	packed.sort()
	equal(packed, sorted, "what %s packs" % " ".join(features))


func lacks(features: PackedStringArray, expected: String) -> void:
	features.append("release")
	contains("\n".join(Platforms.missing_libraries(features)), expected)


func variant(row: Array) -> Dictionary:
	return {
		"target": row[0], "backend": row[1], "driver": row[2], "architecture": row[3],
		"fits": row[1] == "iree", "iree_version": "3.13.0" if row[1] == "iree" else "",
	}
