## A stroke of ink on the screen, with round ends and turns.
##
## A band along each line between two points, which meet at gentle turns; a disc at the ends and at
## sharp turns. ink.gdshader makes their edges smooth.
extends Node2D

const INK := Color(0.93, 0.94, 0.97)
const BLEED := 1.2  # bands and discs are so much larger than the ink, for the soft edge
const SHADER := preload("ink.gdshader")

var width := 1.0
## Where the pen is, which the ink follows.
var tip := Vector2.ZERO

var _points := PackedVector2Array()


func _init() -> void:
	var ink := ShaderMaterial.new()
	ink.shader = SHADER
	material = ink


## Makes the stroke longer.
func add_point(point: Vector2) -> void:
	_points.append(point)
	queue_redraw()


## Whether there is any ink.
func has_points() -> bool:
	return not _points.is_empty()


## Where the ink ends.
func last_point() -> Vector2:
	return _points[-1]


func _draw() -> void:
	var reach := BLEED * width / 2
	var seam := Vector2.ZERO
	for index in _points.size():
		var last_seam := seam
		seam = _seam(index) * reach
		if index > 0:
			var from := _points[index - 1]
			var to := _points[index]
			var side := from.direction_to(to).orthogonal() * reach
			var first := last_seam if last_seam else side
			var second := seam if seam else side
			_quad([from - first, from + first, to + second, to - second], Vector2(0, BLEED))
		if not seam:
			var across := Vector2(reach, 0)
			var down := Vector2(0, reach)
			var point := _points[index]
			_quad(
				[point - across - down, point - across + down, point + across + down, point + across - down],
				Vector2(BLEED, BLEED)
			)


## Where the bands before and after a point meet: the way from the point to the ink's edge, for ink
## of half width 1. Zero at the ends and where the turn is so sharp that they would cross.
func _seam(index: int) -> Vector2:
	if index == 0 or index == _points.size() - 1:
		return Vector2.ZERO
	var before := _points[index] - _points[index - 1]
	var after := _points[index + 1] - _points[index]
	var half_turn := absf(before.angle_to(after)) / 2
	if BLEED * width * tan(half_turn) > minf(before.length(), after.length()) or half_turn > 0.5:
		return Vector2.ZERO
	return (before.normalized() + after.normalized()).normalized().orthogonal() / cos(half_turn)


func _quad(corners: PackedVector2Array, uv: Vector2) -> void:
	var uvs := [-uv, Vector2(-uv.x, uv.y), uv, Vector2(uv.x, -uv.y)]
	draw_primitive(corners, [INK], uvs)
