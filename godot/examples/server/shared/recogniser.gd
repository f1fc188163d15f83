## Judges drawings with the network of a bundle, on this machine.
##
## Loaded only where the library is: without it the name LudusModel is unknown.
extends RefCounted

const Judgement := preload("judgement.gd")

## The open model.
var model: LudusModel


## Opens a bundle on a device ("auto", a device name or a variant's target). Returns why it cannot
## be opened, or "". If it cannot, the earlier model stays open.
func open(bundle: String, device: String) -> String:
	var opened := LudusModel.new()
	if opened.open(bundle, device) != OK:
		return opened.error_message
	model = opened
	return ""


## Judges a drawing on a worker thread. One at a time.
func judge(drawing: Image) -> Judgement:
	var used := model  # another may be opened meanwhile
	var error := used.set_image(0, drawing)
	if error == OK:
		error = await used.run_async()
	if error != OK:
		return Judgement.refusal(used.error_message)
	var judgement := Judgement.new()
	judgement.labels = used.labels
	judgement.probabilities = used.get("output/0/data")
	judgement.label = used.labels[_largest(judgement.probabilities)]
	judgement.milliseconds = used.run_milliseconds
	judgement.variant = used.variant
	judgement.device = used.device_name
	judgement.seen = _grey(used.get("input/0/data"))
	return judgement


static func _largest(values: PackedFloat32Array) -> int:
	var best := 0
	for index in values.size():
		if values[index] > values[best]:
			best = index
	return best


## The network's input as grey levels again: its least is black and its largest white, whatever
## scale and mean the bundle has.
static func _grey(values: PackedFloat32Array) -> PackedByteArray:
	var least := values[0]
	var most := values[0]
	for value in values:
		least = minf(least, value)
		most = maxf(most, value)
	var grey := PackedByteArray()
	grey.resize(values.size())
	for index in values.size():
		grey[index] = roundi(255 * (values[index] - least) / maxf(most - least, 1e-9))
	return grey
