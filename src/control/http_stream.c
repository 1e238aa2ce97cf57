/* A client that has taken its piece is suspended: the library ignores it until the next beat. One
 * that does not read has a piece waiting and gets no other one, so it costs a bounded amount of
 * memory, holds up no other client, and is cut off like any slow one (peers.h): each piece has the
 * time that a whole answer has elsewhere. Nothing that it missed is lost, as the next piece is made
 * for what it has seen. */
#include "http_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_SIZE = 65536 };

struct stream {
	struct streams *owner;
	struct stream *next_of_owner;
	struct MHD_Connection *connection; /* the library's */
	struct peer *peer;		   /* the server's; NULL: not counted */
	server_next *next;
	void *context;
	uint64_t seen;
	struct buf piece;
	size_t sent; /* of the piece */
	bool is_suspended;
	bool is_ending;
};

static void make_piece(struct stream *stream)
{
	buf_clear(&stream->piece);
	stream->sent = 0;
	stream->next(stream->context, &stream->seen, &stream->piece);
	peer_begin(stream->peer);
}

/* The library wants bytes. */
static ssize_t on_room(void *context, uint64_t position UNUSED, char *room, size_t size)
{
	struct stream *stream = context;
	size_t left = stream->piece.length - stream->sent;

	if (left == 0 && stream->is_ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (left == 0) {
		stream->is_suspended = true;
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	if (left > size)
		left = size;
	memcpy(room, stream->piece.data + stream->sent, left);
	stream->sent += left;
	return (ssize_t)left;
}

static void on_free(void *context)
{
	struct stream *stream = context;
	struct stream **at = &stream->owner->first;

	while (*at != stream)
		at = &(*at)->next_of_owner;
	*at = stream->next_of_owner;
	stream->owner->count--;
	buf_release(&stream->piece);
	free(stream);
}

struct MHD_Response *stream_open(struct streams *streams, struct MHD_Connection *connection,
				 struct peer *peer, server_next *next, void *context)
{
	struct stream *stream;
	struct MHD_Response *response;

	if (streams->count >= SERVER_STREAMS_MAX)
		return NULL;
	stream = mem_calloc(1, sizeof(*stream));
	*stream = (struct stream){ .owner = streams,
				   .next_of_owner = streams->first,
				   .connection = connection,
				   .peer = peer,
				   .next = next,
				   .context = context };
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_room, stream,
						     on_free);
	if (!response) {
		free(stream);
		return NULL;
	}
	streams->first = stream;
	streams->count++;
	make_piece(stream);
	return response;
}

static void resume(struct stream *stream)
{
	stream->is_suspended = false;
	MHD_resume_connection(stream->connection);
}

void streams_beat(struct streams *streams)
{
	for (struct stream *s = streams->first; s; s = s->next_of_owner) {
		if (!s->is_suspended)
			continue;
		make_piece(s);
		resume(s);
	}
}

void streams_end(struct streams *streams)
{
	for (struct stream *s = streams->first; s; s = s->next_of_owner) {
		s->is_ending = true;
		if (s->is_suspended)
			resume(s);
	}
}
