@tool
extends RefCounted
## Which variants of a bundle the platform of an export can run.
##
## A platform is the features that Godot's export names: its system, such as "linux", its
## architectures, "x86_64" or "arm64" or both, "dedicated_server" where it is one, and "debug" or
## "release". A platform without a library in ludus.gdextension runs no variant.

const EXTENSION := "res://addons/ludus/ludus.gdextension"

## The drivers that the library of a system has.
const DRIVERS: Dictionary = {
	"linux": ["cpu", "vulkan", "cuda"],
	"windows": ["cpu", "vulkan", "cuda"],
	"macos": ["cpu", "metal"],
}
## Systems by Godot's names.
const SYSTEMS: PackedStringArray = ["linux", "windows", "macos", "android", "ios", "web"]
## Bundles' names of architectures, by Godot's; Godot's own where bundles have none.
const ARCHITECTURES: Dictionary = {
	"x86_64": "x86_64",
	"arm64": "aarch64",
	"x86_32": "x86_32",
	"arm32": "arm32",
	"rv64": "riscv64",
	"ppc64": "ppc64",
	"loongarch64": "loongarch64",
	"wasm32": "wasm32",
}


## Why a variant, as LudusModel.inspect() describes it, cannot run on a platform; "" if it can.
static func why_not(variant: Dictionary, features: PackedStringArray) -> String:
	var driver: String = variant["driver"]
	var architecture: String = variant["architecture"]
	if variant["backend"] != "iree":
		return "the engine does not run %s" % variant["backend"]
	if not variant["fits"]:
		return "it is of IREE %s, which this add-on does not run" % variant["iree_version"]
	if driver not in drivers(features):
		return "%s does not run %s" % [describe(features), driver]
	if driver == "cpu" and architecture and architecture not in architectures(features):
		return "it is for %s" % architecture
	return ""


## The drivers that a platform runs.
static func drivers(features: PackedStringArray) -> Array:
	if architectures(features).is_empty():
		return []
	if "dedicated_server" in features:
		return ["cpu"]
	return DRIVERS.get(system_of(features), [])


## The architectures of a platform that have a library, by bundles' names.
static func architectures(features: PackedStringArray) -> PackedStringArray:
	var found := PackedStringArray()
	for architecture in _architectures(features):
		if library(features, architecture):
			found.append(ARCHITECTURES[architecture])
	return found


## The system of a platform; "" for one that is not known here.
static func system_of(features: PackedStringArray) -> String:
	for system in SYSTEMS:
		if system in features:
			return system
	return ""


## A platform in words, such as "linux x86_64 dedicated server".
static func describe(features: PackedStringArray) -> String:
	var words := PackedStringArray([system_of(features)])
	for architecture in _architectures(features):
		words.append(ARCHITECTURES[architecture])
	if "dedicated_server" in features:
		words.append("dedicated server")
	return " ".join(words)


## What keeps a platform from having its libraries, a line each: a file that is missing, or an
## architecture that ludus.gdextension lists no library for.
static func missing_libraries(features: PackedStringArray) -> PackedStringArray:
	var missing := PackedStringArray()
	for architecture in _architectures(features):
		var path := library(features, architecture)
		if not path:
			var platform := [EXTENSION, system_of(features), architecture]
			missing.append("%s lists no library for %s %s" % platform)
		elif not FileAccess.file_exists(path):
			missing.append("the library %s is missing" % path)
	return missing


## The library of one architecture of a platform, by Godot's rule: all words of its key are
## features. "" where there is none.
static func library(features: PackedStringArray, architecture: String) -> String:
	return _library(
		func(word: String) -> bool:
			return word == architecture or (word in features and word not in ARCHITECTURES)
	)


## The library of the editor that runs this.
static func own_library() -> String:
	return _library(OS.has_feature)


static func _library(has: Callable) -> String:
	var extension := ConfigFile.new()
	extension.load(EXTENSION)
	for key in extension.get_section_keys("libraries"):
		if Array(key.split(".")).all(has):
			var path: String = extension.get_value("libraries", key)
			return EXTENSION.get_base_dir().path_join(path)
	return ""


static func _architectures(features: PackedStringArray) -> PackedStringArray:
	var found := PackedStringArray()
	for architecture: String in ARCHITECTURES:
		if architecture in features:
			found.append(architecture)
	return found
