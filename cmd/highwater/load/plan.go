package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Plan is what all connections of a load share.
type Plan struct {
	Shape
	Seeds      []string // HOST:PORT of brokers
	Topic      string
	Partitions int
	Acks       int16
	Idempotent bool
	InFlight   int           // requests of a connection that may be unanswered
	Rate       float64       // bytes of values to send in a second, over all connections; 0: as fast as they are taken
	Most       int64         // bytes of values after which a load ends, over all connections; 0: it ends with its window
	Patience   time.Duration // how long nothing may be answered
	Producers  int           // connections of the raw client, or clients of the other

	Leaders map[int32]string // by partition
}

// Prepare creates the topic unless it is there, and learns who leads its partitions. It is the first thing to do.
func (p *Plan) Prepare(ctx context.Context, create bool) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(p.Seeds...), kgo.ClientID(clientID), kgo.RetryTimeout(p.Patience),
		kgo.DialTimeout(min(p.Patience, 5*time.Second)), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	admin := kadm.NewClient(cl)
	if create {
		if err := p.create(ctx, admin); err != nil {
			return err
		}
	}
	return p.learn(ctx, admin)
}

func (p *Plan) create(ctx context.Context, admin *kadm.Client) error {
	configs := map[string]*string{}
	// A batch of one record may be larger than asked for, and compression may make it larger still.
	if most := max(p.BatchSize, p.RecordSize+100); most > 1<<20 || p.Compressed && most > 1<<20-64<<10 {
		configs["max.message.bytes"] = kadm.StringPtr(fmt.Sprint(most + most/64))
	}
	answer, err := admin.CreateTopic(ctx, int32(p.Partitions), 1, configs, p.Topic)
	if err == nil {
		err = answer.Err
	}
	if err != nil {
		if answer.ErrMessage != "" {
			err = fmt.Errorf("%w (%s)", err, answer.ErrMessage)
		}
		return fmt.Errorf("create topic %s with %d partitions: %w", p.Topic, p.Partitions, err)
	}
	return nil
}

// learn waits until every partition has a leader.
func (p *Plan) learn(ctx context.Context, admin *kadm.Client) error {
	for {
		m, err := admin.Metadata(ctx, p.Topic)
		if err != nil {
			return err
		}
		brokers := map[int32]string{}
		for _, b := range m.Brokers {
			brokers[b.NodeID] = fmt.Sprintf("%s:%d", b.Host, b.Port)
		}
		topic := m.Topics[p.Topic]
		p.Leaders = map[int32]string{}
		for _, d := range topic.Partitions {
			if address, ok := brokers[d.Leader]; ok && d.Err == nil {
				p.Leaders[d.Partition] = address
			}
		}
		if topic.Err == nil && len(p.Leaders) > 0 && len(p.Leaders) == len(topic.Partitions) {
			// A leader may be named before it knows: one that tells its end does.
			listed, err := admin.ListEndOffsets(ctx, p.Topic)
			if err == nil {
				err = listed.Error()
			}
			if err == nil {
				p.Partitions = len(p.Leaders)
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("topic %s: %d of %d partitions have a leader", p.Topic, len(p.Leaders), len(topic.Partitions)),
				topic.Err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Ends are the partitions' ends: the offset behind the last record.
func (p *Plan) Ends(ctx context.Context) (map[int32]int64, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(p.Seeds...), kgo.ClientID(clientID), kgo.RetryTimeout(p.Patience))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	listed, err := kadm.NewClient(cl).ListEndOffsets(ctx, p.Topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("ends of topic %s: %w", p.Topic, err)
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends, nil
}

// Delete removes the topic.
func (p *Plan) Delete(ctx context.Context) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(p.Seeds...), kgo.ClientID(clientID), kgo.RetryTimeout(p.Patience))
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	answer, err := kadm.NewClient(cl).DeleteTopic(ctx, p.Topic)
	if err == nil {
		err = answer.Err
	}
	if err != nil {
		return fmt.Errorf("delete topic %s: %w", p.Topic, err)
	}
	return nil
}

// share is which partitions connection i of n serves, all led by one broker: every n-th; or one, if there are fewer
// partitions than connections. With several brokers, connections are dealt to them first.
func (p *Plan) share(i, n int) (address string, partitions []int32, err error) {
	byLeader := map[string][]int32{}
	var order []string
	for partition := range int32(p.Partitions) {
		a, ok := p.Leaders[partition]
		if !ok {
			return "", nil, fmt.Errorf("partition %d has no leader", partition)
		}
		if byLeader[a] == nil {
			order = append(order, a)
		}
		byLeader[a] = append(byLeader[a], partition)
	}
	if n < len(order) {
		return "", nil, fmt.Errorf("%d brokers lead partitions of %s: at least so many connections are needed", len(order), p.Topic)
	}
	address = order[i%len(order)]
	led := byLeader[address]
	mine, of := i/len(order), (n-i%len(order)+len(order)-1)/len(order)
	if len(led) < of {
		return address, []int32{led[mine%len(led)]}, nil
	}
	for j := mine; j < len(led); j += of {
		partitions = append(partitions, led[j])
	}
	return address, partitions, nil
}
