package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config says what is sent.
type Config struct {
	Address    string
	Topic      string
	Partitions int
	Clients    int
	Window     int // records of a client that are sent and not acknowledged, at most
	Filler     int // bytes that a record has beyond its number, at most
	// Burst records are sent in one go, then a client rests for Rest. No Rest: as fast as the window lets it.
	Burst int
	Rest  time.Duration
}

// Ledger is some producers and what they know.
type Ledger struct {
	Config
	clients []*client
	checker *checker // of the last check; nil for none
}

// New connects the clients. They send nothing yet.
func New(c Config) (*Ledger, error) {
	l := &Ledger{Config: c}
	for number := range c.Clients {
		cl, err := newClient(&l.Config, number)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.clients = append(l.clients, cl)
	}
	return l, nil
}

// Close gives up what is not acknowledged.
func (l *Ledger) Close() {
	for _, c := range l.clients {
		c.kafka.Close()
	}
}

// CreateTopic creates the topic and waits for it.
func (l *Ledger) CreateTopic(ctx context.Context) error {
	made, err := kadm.NewClient(l.clients[0].kafka).CreateTopic(ctx, int32(l.Partitions), 1, nil, l.Topic)
	if err == nil {
		err = made.Err
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", l.Topic, err)
	}
	return nil
}

// Run lets every client send until ctx ends. What was sent is acknowledged later, whoever waits.
func (l *Ledger) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, c := range l.clients {
		group.Go(func() { c.run(ctx) })
	}
	group.Wait()
}

// Flush waits until everything that was sent is acknowledged.
func (l *Ledger) Flush(ctx context.Context) error {
	for _, c := range l.clients {
		if err := c.kafka.Flush(ctx); err != nil {
			return fmt.Errorf("client %d: flush: %w", c.number, err)
		}
	}
	return l.Refused()
}

// Acked is how many records were acknowledged so far.
func (l *Ledger) Acked() int {
	n := 0
	for _, c := range l.clients {
		c.mu.Lock()
		n += c.count
		c.mu.Unlock()
	}
	return n
}

// Refused is the first refusal of a record. An idempotent producer with endless retries has none.
func (l *Ledger) Refused() error {
	for _, c := range l.clients {
		c.mu.Lock()
		err := c.refused
		c.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// AwaitAck waits until n more records are acknowledged.
func (l *Ledger) AwaitAck(ctx context.Context, n int) error {
	for want := l.Acked() + n; l.Acked() < want; time.Sleep(time.Millisecond) {
		if err := errors.Join(l.Refused(), ctx.Err()); err != nil {
			return fmt.Errorf("%d of %d records are acknowledged: %w", l.Acked(), want, err)
		}
	}
	return nil
}

// client is one producer. It sends 0, 1, 2, ... to each partition.
type client struct {
	*Config
	number int
	kafka  *kgo.Client

	mu      sync.Mutex
	offsets [][]int64 // by partition and number: where it was acknowledged; -1 for not yet
	count   int       // of those acknowledged
	refused error
}

func newClient(c *Config, number int) (*client, error) {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(c.Address),
		kgo.DefaultProduceTopic(c.Topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.MaxBufferedRecords(c.Window),
		kgo.ProducerLinger(time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()), // a filler would be nothing
		kgo.RecordRetries(1<<30),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
		kgo.MetadataMinAge(20*time.Millisecond), // or it rests for seconds once it has met a dead broker
		kgo.UnknownTopicRetries(-1),
		kgo.StopProducerOnDataLossDetected(), // a sequence that does not fit must be told, not healed
	)
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", number, err)
	}
	return &client{Config: c, number: number, kafka: cl, offsets: make([][]int64, c.Partitions)}, nil
}

func (c *client) run(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		partition := i % c.Partitions
		c.mu.Lock()
		n := len(c.offsets[partition])
		c.offsets[partition] = append(c.offsets[partition], -1)
		c.mu.Unlock()
		r := &kgo.Record{Partition: int32(partition), Value: c.value(c.number, n)}
		c.kafka.Produce(context.Background(), r, func(r *kgo.Record, err error) { c.done(r, n, err) })
		if c.Rest > 0 && (i+1)%c.Burst == 0 {
			time.Sleep(c.Rest)
		}
	}
}

// value is record n of a client: its name, and a filler whose length and byte follow from it.
func (c *Config) value(client, n int) []byte {
	v := fmt.Appendf(nil, "%d/%d ", client, n)
	for range n * 7919 % (c.Filler + 1) {
		v = append(v, byte('a'+n%26))
	}
	return v
}

func (c *client) done(r *kgo.Record, n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if c.refused == nil {
			c.refused = fmt.Errorf("client %d, record %d of partition %d was refused: %w", c.number, n, r.Partition, err)
		}
		return
	}
	c.offsets[r.Partition][n] = r.Offset
	c.count++
}

// books is a copy of the client's knowledge as of now.
func (c *client) books() [][]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([][]int64, len(c.offsets))
	for p, offsets := range c.offsets {
		out[p] = append([]int64(nil), offsets...)
	}
	return out
}
