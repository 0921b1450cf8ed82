package metadata

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

func (e *Edit) registerBroker(r *RegisterBrokerRecord) error {
	if r.Broker < 0 {
		return fmt.Errorf("registration of broker %d", r.Broker)
	}
	if old := e.im.Broker(r.Broker); old != nil && r.Epoch <= old.Epoch {
		return fmt.Errorf("broker %d registers with epoch %d after epoch %d", r.Broker, r.Epoch, old.Epoch)
	}
	e.im.brokers.put(e.token, r.Broker, &Broker{
		Node:           r.Broker,
		Epoch:          r.Epoch,
		Incarnation:    r.Incarnation,
		Endpoints:      r.Endpoints,
		Features:       r.Features,
		Rack:           r.Rack,
		Fenced:         r.Fenced,
		ControlledStop: r.ControlledStop,
		Directories:    r.Directories,
	})
	return nil
}

// registered looks up the registration that a record speaks of.
func (e *Edit) registered(id event.NodeID, epoch int64) (*Broker, error) {
	b := e.im.Broker(id)
	if b == nil {
		return nil, fmt.Errorf("broker %d is not registered", id)
	}
	if b.Epoch != epoch {
		return nil, fmt.Errorf("broker %d is registered with epoch %d, not %d", id, b.Epoch, epoch)
	}
	return b, nil
}

func (e *Edit) unregisterBroker(r *UnregisterBrokerRecord) error {
	if _, err := e.registered(r.Broker, r.Epoch); err != nil {
		return err
	}
	e.im.brokers.remove(e.token, r.Broker)
	return nil
}

func (e *Edit) changeBroker(r *BrokerRegistrationChangeRecord) error {
	old, err := e.registered(r.Broker, r.Epoch)
	if err != nil {
		return err
	}
	b := *old
	if b.Fenced, err = changeFlag(b.Fenced, r.Fenced); err != nil {
		return err
	}
	if b.ControlledStop, err = changeFlag(b.ControlledStop, r.ControlledStop); err != nil {
		return err
	}
	if r.Directories != nil {
		b.Directories = r.Directories
	}
	e.im.brokers.put(e.token, r.Broker, &b)
	return nil
}

// changeFlag reads Kafka's three-valued change: -1 takes back, 0 leaves, 1 sets.
func changeFlag(was bool, change int8) (bool, error) {
	switch change {
	case -1:
		return false, nil
	case 0:
		return was, nil
	case 1:
		return true, nil
	}
	return was, fmt.Errorf("registration change %d", change)
}
