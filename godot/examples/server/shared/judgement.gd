## What a network says of a drawing, or why it says nothing.
extends RefCounted

const Judgement := preload("judgement.gd")

## Why there is no answer; "" where there is one.
var error := ""
## The likeliest label.
var label := ""
## All labels, in the order of the probabilities.
var labels := PackedStringArray()
## One a label, 0 to 1.
var probabilities := PackedFloat32Array()
## The network's own time.
var milliseconds := 0.0
## The variant of the bundle that ran, and the device that it ran on.
var variant := ""
var device := ""
## The picture that the network was given: square, one byte a pixel, 0 to 255.
var seen := PackedByteArray()


## A judgement that says only why there is none.
static func refusal(reason: String) -> Judgement:
	var judgement := Judgement.new()
	judgement.error = reason
	return judgement


## The judgement in a server's answer; see [method to_answer]. Anything else is an error, because a
## server deserves no more trust than a client.
static func from_answer(answer: Variant) -> Judgement:
	if not answer is Dictionary:
		return refusal("the server's answer is no dictionary")
	var values: Dictionary = answer
	if values.get("error") is String:
		return refusal(values["error"])
	var judgement := Judgement.new()
	for key: String in judgement.to_answer():
		if typeof(values.get(key)) != typeof(judgement.get(key)):
			return refusal("the server's answer has no '%s', or one of another type" % key)
		judgement.set(key, values[key])
	var labelled := judgement.label in judgement.labels
	if not labelled or judgement.probabilities.size() != judgement.labels.size():
		return refusal("the server's answer does not have one probability a label")
	return judgement


## A server's answer: only the error, or all the rest.
func to_answer() -> Dictionary:
	if error:
		return {"error": error}
	return {
		"label": label,
		"labels": labels,
		"probabilities": probabilities,
		"milliseconds": milliseconds,
		"variant": variant,
		"device": device,
		"seen": seen,
	}


## How likely the label is, 0 to 1.
func certainty() -> float:
	return probabilities[labels.find(label)]


func _to_string() -> String:
	if error:
		return error
	return (
		"%s, %.1f %%, in %.3f ms by %s on %s"
		% [label, 100 * certainty(), milliseconds, variant, device]
	)
