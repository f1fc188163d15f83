## The two messages between a client and the server that judges its drawings.
##
## At the same place in the tree of both, as Godot's multiplayer API wants it. What comes from the
## other side may be of any type, so nothing is taken for granted here.
extends Node

## On the server: a peer wants a drawing judged.
signal asked(peer: int, width: Variant, height: Variant, grey: Variant)
## On the client: the server's answer, as in judgement.gd.
signal answered(answer: Variant)


## Client to server: light ink on dark, one byte a pixel, row by row.
@rpc("any_peer", "call_remote", "reliable")
func judge(width: Variant, height: Variant, grey: Variant) -> void:
	if multiplayer.is_server():
		asked.emit(multiplayer.get_remote_sender_id(), width, height, grey)


## Server to client.
@rpc("authority", "call_remote", "reliable")
func answer(values: Variant) -> void:
	answered.emit(values)
