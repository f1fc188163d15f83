@tool
extends RefCounted
## Which variants of a bundle the platform of an export can run.
##
## A platform is the features that Godot's export names: its system, such as "linux", its
## architectures, "x86_64" or "arm64" or both, and "dedicated_server" where it is one.

## The drivers that run on a system. A system that is not here runs none: on the web Godot loads
## no library like ours.
const DRIVERS: Dictionary = {
	"linux": ["cpu", "vulkan", "cuda"],
	"windows": ["cpu", "vulkan", "cuda"],
	"macos": ["cpu", "metal"],
	"android": ["cpu", "vulkan"],
	"ios": ["cpu", "metal"],
}
## Architectures in words of bundles, by Godot's.
const ARCHITECTURES: Dictionary = {"x86_64": "x86_64", "arm64": "aarch64", "rv64": "riscv64"}


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
	var system := system_of(features)
	if "dedicated_server" in features and system in DRIVERS:
		return ["cpu"]
	return DRIVERS.get(system, [])


## The architectures of a platform, in words of bundles; two for a universal macOS application.
static func architectures(features: PackedStringArray) -> PackedStringArray:
	var found := PackedStringArray()
	for feature: String in ARCHITECTURES:
		if feature in features:
			found.append(ARCHITECTURES[feature])
	return found


## The system of a platform; "web" or "" for one that runs nothing.
static func system_of(features: PackedStringArray) -> String:
	for system: String in DRIVERS.keys() + ["web"]:
		if system in features:
			return system
	return ""


## A platform in words, such as "linux x86_64 dedicated server".
static func describe(features: PackedStringArray) -> String:
	var words := PackedStringArray([system_of(features)])
	words.append_array(architectures(features))
	if "dedicated_server" in features:
		words.append("dedicated server")
	return " ".join(words)
