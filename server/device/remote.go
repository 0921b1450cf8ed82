package device

import (
	"errors"
	"fmt"
	"net/rpc"
	"sync"
)

// serviceName is what the keeper's methods are called under.
const serviceName = "Device"

// service is what the keeper of the devices does for the process of the tests. The keeper itself never touches a file of a
// file system on such a device: it could wait for itself, and nobody could end it.
type service struct {
	mu     sync.Mutex
	images []*image
	served []*server
}

// Nothing is the argument or the answer of a call that has none.
type Nothing struct{}

// Where names a device.
type Where struct{ Device int }

// Place says where the file of a new device shall be mounted.
type Place struct {
	Folder string
	Size   int64
}

// Arming says when to cut the power, and with which loss: inside the N-th request from now on, or at once if N is 0.
type Arming struct {
	Device int
	N      int
	Loss   Loss
}

// Lying says whether a device lies.
type Lying struct {
	Device int
	Lies   bool
}

// Facts are what a device was asked for, and what waits in its cache.
type Facts struct {
	Counts
	Unflushed int64
}

func (s *service) image(device int) *image {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.images[device]
}

// Create makes an empty device and mounts its file.
func (s *service) Create(p Place, device *int) error {
	m, err := newImage(p.Size)
	if err != nil {
		return err
	}
	f, err := serve(m, p.Folder)
	if err != nil {
		return errors.Join(err, m.close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*device = len(s.images)
	s.images, s.served = append(s.images, m), append(s.served, f)
	return nil
}

// Destroy unmounts the file of a device and forgets its bytes.
func (s *service) Destroy(w Where, _ *Nothing) error {
	s.mu.Lock()
	m, f := s.images[w.Device], s.served[w.Device]
	s.mu.Unlock()
	m.abandon()
	return errors.Join(f.close(), m.close())
}

// PowerOn begins a life and tells its number.
func (s *service) PowerOn(w Where, life *int) error {
	*life = s.image(w.Device).powerOn()
	return nil
}

// Arm cuts the power later, or at once.
func (s *service) Arm(a Arming, _ *Nothing) error {
	m := s.image(a.Device)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.off:
	case a.N == 0:
		m.cut(a.Loss)
	default:
		m.left, m.loss = a.N, a.Loss
	}
	return nil
}

// AwaitDark returns when the power of this life is cut.
func (s *service) AwaitDark(w Where, _ *Nothing) error {
	m := s.image(w.Device)
	m.mu.Lock()
	dark := m.dark
	m.mu.Unlock()
	<-dark
	return nil
}

// Release lets go what waits in the dark.
func (s *service) Release(w Where, _ *Nothing) error {
	m := s.image(w.Device)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.release()
	return nil
}

// abandon takes the power of every device for good, and answers what waits.
func (s *service) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.images {
		m.abandon()
	}
}

// Lie makes flushes do nothing.
func (s *service) Lie(l Lying, _ *Nothing) error {
	m := s.image(l.Device)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lies = l.Lies
	return nil
}

// Look tells facts.
func (s *service) Look(w Where, f *Facts) error {
	m := s.image(w.Device)
	m.mu.Lock()
	defer m.mu.Unlock()
	*f = Facts{Counts: m.count, Unflushed: m.held}
	return nil
}

// keeper is the connection to the process that keeps the devices.
var keeper *rpc.Client

// call asks the keeper. That it is gone ends the tests: so is every device.
func call(method string, arg, answer any) {
	if err := keeper.Call(serviceName+"."+method, arg, answer); err != nil {
		panic(fmt.Errorf("the keeper of the devices: %s: %w", method, err))
	}
}
