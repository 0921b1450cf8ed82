package front

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/wait"
)

// Config is what a front is told about its world.
type Config struct {
	Machine  event.Machine // this front
	Node     event.NodeID
	Shards   int // machines RoleShard 0 .. Shards-1
	Settings *metadata.Settings
	// StartWait is how long a request waits for the broker to be ready, and MaxParked how many do.
	StartWait event.Time
	MaxParked int
	// CreateWait is how long a Metadata request waits for the topics that it makes.
	CreateWait event.Time
	// IDWait is how long a producer waits for its id.
	IDWait event.Time
	// MaxSessions and MaxSessionPartitions bound the fetch sessions; Dice draw their numbers.
	MaxSessions, MaxSessionPartitions int
	Dice                              Dice
}

// Front is one front machine.
type Front struct {
	cfg   Config
	image *metadata.Image // nil until the broker is ready (F-4)
	early earlyQueue
	room  wait.Room[waiter] // requests that are not answered yet
	ids   producerIDs
	lones []loneProduce // room for those that come

	sessions sessions
}

// waiter is a parked request of one kind.
type waiter interface {
	// expire ends the wait: the deadline has passed, and the request has left the room.
	expire(f *Front, out *event.Buf)
	// cancel drops the request: its connection has gone, and the request has left the room.
	cancel(f *Front, out *event.Buf)
}

// New makes a front. It serves nothing before its first ImageUpdate.
func New(cfg Config) *Front {
	return &Front{cfg: cfg}
}

// Ready reports whether requests are served.
func (f *Front) Ready() bool { return f.image != nil }

// Step applies one event.
func (f *Front) Step(ev *event.Event, out *event.Buf) {
	switch ev.Kind {
	case event.KindRequest:
		f.onRequest(ev, out)
	case event.KindMessage:
		f.onMessage(ev, out)
	case event.KindConnClosed:
		f.onConnClosed(ev.Ticket.Conn, out)
	case event.KindStart, event.KindTick, event.KindStop:
	default:
		invariant.Violated("F-0: a front was sent an event of kind %d", ev.Kind)
	}
	f.expire(ev.Now, out)
}

// NextDeadline tells when the next Tick is due.
func (f *Front) NextDeadline() event.Time { return min(f.room.NextDeadline(), f.early.next()) }

// expire ends every wait whose deadline has passed.
func (f *Front) expire(now event.Time, out *event.Buf) {
	f.early.expire(now, out)
	if f.room.NextDeadline() > now {
		return
	}
	for _, left := range slices.Clone(f.room.Expire(now)) {
		left.Payload.expire(f, out)
	}
}

// onRequest dispatches a client's request, or parks it until the broker is ready.
func (f *Front) onRequest(ev *event.Event, out *event.Buf) {
	if f.image == nil {
		f.early.park(f, ev.Now, ev.Ticket, ev.Body, out)
		return
	}
	f.serve(ev.Now, ev.Ticket, ev.Body, out)
}

func (f *Front) serve(now event.Time, t event.Ticket, body event.Body, out *event.Buf) {
	switch req := body.(type) {
	case *event.Produce:
		f.produce(now, t, req, out)
	case *event.Fetch:
		f.fetch(now, t, req, out)
	case *event.ListOffsets:
		f.listOffsets(t, req, out)
	case *event.Metadata:
		f.metadata(now, t, req, out)
	case *event.CreateTopics:
		f.createTopics(now, t, req, out)
	case *event.DeleteTopics:
		f.deleteTopics(now, t, req, out)
	case *event.CreatePartitions:
		f.createPartitions(now, t, req, out)
	case *event.AlterConfigs:
		f.alterConfigs(now, t, req, out)
	case *event.DeleteRecords:
		f.deleteRecords(now, t, req, out)
	case *event.DescribeConfigs:
		out.Reply(t, f.describeConfigs(req))
	case *event.DescribeCluster:
		out.Reply(t, f.describeCluster(req))
	case *event.FindCoordinator:
		out.Reply(t, findCoordinator(req))
	case *event.InitProducerID:
		f.initProducerID(now, t, req, out)
	default:
		invariant.Violated("F-0: no request of type %T is served", body)
	}
}

// onMessage takes a message of another machine.
func (f *Front) onMessage(ev *event.Event, out *event.Buf) {
	switch m := ev.Body.(type) {
	case *event.ImageUpdate:
		f.onImage(ev.Now, m.Image.(*metadata.Image), out)
		out.SendMachine(ev.From, event.Ticket{}, &event.ImageAdopted{})
	case *event.PIDBlock:
		f.onPIDBlock(m, out)
	case *event.ShardProduced:
		answer(f, ev, out, (*produceWait).onProduced, m)
	case *event.ShardListedOffsets:
		answer(f, ev, out, (*listOffsetsWait).onListed, m)
	case *event.ShardDeletedRecords:
		answer(f, ev, out, (*deleteRecordsWait).onDeleted, m)
	case *event.ShardState:
		answer(f, ev, out, (*fetchWait).onState, m)
	case *event.ShardData:
		answer(f, ev, out, (*fetchWait).onData, m)
	case *event.AutoCreated:
		answer(f, ev, out, (*metadataWait).onCreated, m)
	case *event.CreateTopicsReply:
		answer(f, ev, out, (*createWait).onReply, m)
	case *event.DeleteTopicsReply:
		answer(f, ev, out, (*deleteWait).onReply, m)
	case *event.CreatePartitionsReply:
		answer(f, ev, out, (*growWait).onReply, m)
	case *event.AlterConfigsReply:
		answer(f, ev, out, (*alterWait).onReply, m)
	default:
		invariant.Violated("F-0: a front was sent a message of type %T", ev.Body)
	}
}

// answer hands a message to the waiter of its ticket, if that still waits for such a message.
func answer[W waiter, M event.Body](f *Front, ev *event.Event, out *event.Buf,
	on func(W, *Front, *event.Event, M, *event.Buf), m M) {
	parked, _ := f.room.Payload(ev.Ticket)
	w, ok := parked.(W)
	if !ok {
		out.Hit("front/late-message")
		if late, isData := ev.Body.(*event.ShardData); isData && len(late.Held) > 0 {
			out.SendMachine(ev.From, ev.Ticket, &event.GiveBack{Held: late.Held})
		}
		return
	}
	on(w, f, ev, m, out)
}

// onImage adopts a newer image; the first one makes the broker ready.
func (f *Front) onImage(now event.Time, im *metadata.Image, out *event.Buf) {
	if f.image != nil && im.Offset() < f.image.Offset() {
		invariant.Violated("F-4: image goes back from offset %d to %d", f.image.Offset(), im.Offset())
	}
	f.image = im
	f.early.serve(f, now, out)
}

// onConnClosed drops everything that the connection waits for.
func (f *Front) onConnClosed(c event.ConnID, out *event.Buf) {
	f.early.drop(c)
	f.sessions.drop(c)
	for _, left := range slices.Clone(f.room.Drop(c)) {
		out.Hit("front/cancelled")
		left.Payload.cancel(f, out)
	}
}

// finish answers a parked request.
func (f *Front) finish(t event.Ticket, body event.Body, out *event.Buf) {
	if _, parked := f.room.Take(t); !parked {
		invariant.Violated("F-1: request %d of connection %d is answered twice", t.Seq, t.Conn)
	}
	out.Reply(t, body)
}

// shard is the machine that holds a partition.
func (f *Front) shard(i int) event.Machine {
	return event.Machine{Role: event.RoleShard, Index: uint8(i)}
}
