package load

import (
	"fmt"
	"slices"
)

// A Verifier is shown every record of some partitions, each partition in the order of its offsets, and tells what is
// wrong with them: see the package's doc for the chain that it follows.
type Verifier struct {
	Records int64 // seen

	Lost      int64 // parcels, or records of a parcel, that are not there
	Doubled   int64 // that are there once more
	Reordered int64 // that are there, but behind later ones
	Altered   int64 // whose content is not what was sent
	Invented  int64 // chains that nobody wrote

	Findings []string // the first of them, as sentences

	partitions map[int32]*partitionCheck
	chains     map[chainKey]*chainCheck
	end        bool // Finish was called
}

// mostFindings are told one by one. The counts go on.
const mostFindings = 20

type chainKey struct {
	producer  uint32
	partition int32
}

// chainCheck is how far one chain was followed.
type chainCheck struct {
	key     chainKey
	next    uint64          // number of the parcel that must come
	hash    uint64          // of the parcels before, as far as it is known
	sure    bool            // hash is known
	missing map[uint64]bool // parcels that were passed over
	closed  bool
	parcels uint64 // the end mark's count
}

// partitionCheck is the parcel that is being read in one partition.
type partitionCheck struct {
	chain   *chainCheck
	number  uint64 // of the parcel
	size    uint32
	next    uint32          // place that must come
	link    uint32          // of the record before
	sure    bool            // link is known
	skipped map[uint32]bool // places that were passed over
	counts  bool            // it is the next of its chain, so that the hash goes on with it
	orphan  bool            // its head did not come; size is what its other records say
	parent  uint32          // the producer of an orphan
}

// NewVerifier makes one that has seen nothing.
func NewVerifier() *Verifier {
	return &Verifier{partitions: map[int32]*partitionCheck{}, chains: map[chainKey]*chainCheck{}}
}

// Sound reports whether nothing was found so far.
func (v *Verifier) Sound() bool {
	return v.Lost+v.Doubled+v.Reordered+v.Altered+v.Invented == 0
}

// Chains is how many chains were seen.
func (v *Verifier) Chains() int { return len(v.chains) }

func (v *Verifier) found(count *int64, n int64, format string, args ...any) {
	*count += n
	if len(v.Findings) < mostFindings {
		v.Findings = append(v.Findings, fmt.Sprintf(format, args...))
	}
}

// Record looks at the next record of a partition.
func (v *Verifier) Record(partition int32, offset int64, p []byte) {
	v.Records++
	at := v.partitions[partition]
	if at == nil {
		at = &partitionCheck{}
		v.partitions[partition] = at
	}
	r := value(p)
	switch {
	case !r.whole():
		v.found(&v.Altered, 1, "altered: partition %d, offset %d: %d bytes that no producer of this load wrote", partition, offset, len(p))
		at.sure = false
		at.next++
	case r.head():
		v.endParcel(at)
		v.head(at, partition, offset, r)
	default:
		v.follow(at, partition, offset, r)
	}
}

// gap notes that a partition has no records from one offset up to below another.
func (v *Verifier) gap(partition int32, from, to int64) {
	v.found(&v.Lost, to-from, "lost: partition %d: offsets %d to %d", partition, from, to-1)
}

// head begins a parcel, or ends a chain.
func (v *Verifier) head(at *partitionCheck, partition int32, offset int64, r value) {
	key := chainKey{r.producer(), partition}
	c := v.chains[key]
	if c == nil {
		c = &chainCheck{key: key, sure: true}
		v.chains[key] = c
	}
	*at = partitionCheck{chain: c, size: r.size(), next: 1, link: r.link(), sure: true}
	if r.link() != r.linkAfter(0) {
		v.found(&v.Altered, 1, "altered: partition %d, offset %d: the content of %s is not what was sent", partition, offset, c.name(c.next))
	}
	if r.flags()&flagEnd != 0 {
		v.mark(c, offset, r)
		return
	}
	number := r.sequence()
	cyclic := r.flags()&flagCyclic != 0
	if cyclic {
		number = c.nearest(number, max(1, r.chain()))
	}
	at.number = number
	fits := true
	switch {
	case number == c.next:
		if fits = cyclic || !c.sure || r.chain() == c.hash; !fits {
			v.found(&v.Altered, 1, "altered: partition %d, offset %d: what is before %s is not what its producer sent before it",
				partition, offset, c.name(number))
		}
	case number > c.next:
		v.passedOver(c, number, offset)
	case c.missing[number]:
		delete(c.missing, number)
		v.Lost--
		v.found(&v.Reordered, 1, "reordered: partition %d, offset %d: %s is behind later ones", partition, offset, c.name(number))
		return
	default:
		v.found(&v.Doubled, 1, "doubled: partition %d, offset %d: %s is there again", partition, offset, c.name(number))
		return
	}
	// Where the two disagree, nobody knows which one is right: the next parcel tells.
	c.next, c.hash, c.sure, at.counts = number+1, r.chain(), !cyclic && fits, true
}

// passedOver notes the parcels from c.next on to below number as missing: they may still come, out of order.
func (v *Verifier) passedOver(c *chainCheck, number uint64, offset int64) {
	v.found(&v.Lost, int64(number-c.next), "lost: partition %d, before offset %d: %s to %d", c.key.partition, offset, c.name(c.next), number-1)
	if c.missing == nil {
		c.missing = map[uint64]bool{}
	}
	for n := c.next; n < number && len(c.missing) < 1<<16; n++ {
		c.missing[n] = true
	}
}

// mark compares the end of a chain with what its producer says.
func (v *Verifier) mark(c *chainCheck, offset int64, r value) {
	if c.closed {
		v.found(&v.Doubled, 1, "doubled: partition %d, offset %d: the end of producer %d is there again", c.key.partition, offset, c.key.producer)
		return
	}
	c.closed, c.parcels = true, r.sequence()
	switch {
	case c.next < c.parcels:
		v.passedOver(c, c.parcels, offset)
		c.next = c.parcels
	case c.next > c.parcels:
		v.found(&v.Doubled, int64(c.next-c.parcels), "doubled: partition %d, offset %d: producer %d sent %d parcels, and there are %d",
			c.key.partition, offset, c.key.producer, c.parcels, c.next)
	case c.sure && r.chain() != c.hash:
		v.found(&v.Altered, 1, "altered: partition %d, offset %d: what is before the end of producer %d is not what it sent",
			c.key.partition, offset, c.key.producer)
	}
}

// follow takes a record that is no head.
func (v *Verifier) follow(at *partitionCheck, partition int32, offset int64, r value) {
	c := at.chain
	if c == nil || r.producer() != c.key.producer || r.size() != at.size || r.place() >= at.size {
		if !at.orphan || at.parent != r.producer() || at.size != r.size() {
			v.endParcel(at)
			*at = partitionCheck{orphan: true, parent: r.producer(), size: r.size()}
			v.found(&v.Lost, 1, "lost: partition %d, before offset %d: the first record of a parcel of producer %d", partition, offset, r.producer())
		}
		return // the whole parcel is told as lost when the next one comes
	}
	place := r.place()
	switch {
	case place > at.next:
		v.found(&v.Lost, int64(place-at.next), "lost: partition %d, before offset %d: records %d to %d of %s",
			partition, offset, at.next, place-1, c.name(at.number))
		if at.skipped == nil {
			at.skipped = map[uint32]bool{}
		}
		for n := at.next; n < place; n++ {
			at.skipped[n] = true
		}
		at.sure = false
	case at.skipped[place]:
		delete(at.skipped, place)
		v.Lost--
		v.found(&v.Reordered, 1, "reordered: partition %d, offset %d: record %d of %s is behind later ones", partition, offset, place, c.name(at.number))
		return
	case place < at.next:
		v.found(&v.Doubled, 1, "doubled: partition %d, offset %d: record %d of %s is there again", partition, offset, place, c.name(at.number))
		return
	}
	if at.sure && r.link() != r.linkAfter(at.link) {
		v.found(&v.Altered, 1, "altered: partition %d, offset %d: record %d of %s is not what was sent", partition, offset, place, c.name(at.number))
	}
	at.next, at.link, at.sure = place+1, r.link(), true
}

// endParcel closes the parcel that was read, if there was one.
func (v *Verifier) endParcel(at *partitionCheck) {
	c := at.chain
	if c == nil {
		return
	}
	if at.next < at.size {
		v.found(&v.Lost, int64(at.size-at.next), "lost: partition %d: records %d to %d of %s",
			c.key.partition, at.next, at.size-1, c.name(at.number))
	}
	if c.sure && at.counts {
		if at.next == at.size {
			c.hash = mix(c.hash, at.number, at.link)
		} else {
			c.sure = false
		}
	}
	at.chain = nil
}

// Finish tells what is missing at the ends. Every chain must end with its end mark. Where the producers are known, wrote
// is what each of them had acknowledged, and there must be neither more nor less; otherwise it is nil.
func (v *Verifier) Finish(wrote []Chain) {
	if v.end {
		return
	}
	v.end = true
	for _, at := range v.partitions {
		v.endParcel(at)
	}
	keys := make([]chainKey, 0, len(v.chains))
	for key := range v.chains {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b chainKey) int {
		if a.partition != b.partition {
			return int(a.partition - b.partition)
		}
		return int(int64(a.producer) - int64(b.producer))
	})
	known := map[chainKey]bool{}
	for _, w := range wrote {
		key := chainKey{w.Producer, w.Partition}
		known[key] = true
		c := v.chains[key]
		switch {
		case c == nil && w.Parcels > 0:
			v.found(&v.Lost, int64(w.Parcels), "lost: partition %d: all %d parcels of producer %d", w.Partition, w.Parcels, w.Producer)
		case c != nil && !c.closed && c.next < w.Parcels:
			v.found(&v.Lost, int64(w.Parcels-c.next), "lost: partition %d: %s to %d", w.Partition, c.name(c.next), w.Parcels-1)
		case c != nil && c.closed && c.parcels != w.Parcels:
			v.found(&v.Altered, 1, "altered: partition %d: the end of producer %d says %d parcels, and %d were acknowledged",
				w.Partition, w.Producer, c.parcels, w.Parcels)
		}
	}
	for _, key := range keys {
		c := v.chains[key]
		if wrote != nil && !known[key] {
			v.found(&v.Invented, 1, "invented: partition %d: producer %d wrote nothing there, and there are %d parcels", key.partition, key.producer, c.next)
		}
		if !c.closed {
			v.found(&v.Lost, 1, "lost: partition %d: the end of producer %d; whatever was acknowledged behind %s is gone too",
				key.partition, key.producer, c.name(c.next))
		}
	}
}

// name is a parcel of the chain in words.
func (c *chainCheck) name(number uint64) string {
	return fmt.Sprintf("parcel %d of producer %d", number, c.key.producer)
}

// nearest is the number, counted on from c.next, whose rest by period is that. What is just behind c.next is taken
// for doubled.
func (c *chainCheck) nearest(rest, period uint64) uint64 {
	ahead := (rest + period - c.next%period) % period
	if ahead == period-1 && period > 1 && c.next > 0 {
		return c.next - 1
	}
	return c.next + ahead
}

// Add takes over what another verifier, of other partitions, has seen and found. Both were finished.
func (v *Verifier) Add(other *Verifier) {
	v.Records += other.Records
	v.Lost += other.Lost
	v.Doubled += other.Doubled
	v.Reordered += other.Reordered
	v.Altered += other.Altered
	v.Invented += other.Invented
	v.Findings = append(v.Findings, other.Findings...)
	v.Findings = v.Findings[:min(len(v.Findings), mostFindings)]
	for key, c := range other.chains {
		v.chains[key] = c
	}
}

// Reads reports whether a record of the partition was seen.
func (v *Verifier) Reads(partition int32) bool { return v.partitions[partition] != nil }

// Absent tells chains of partitions of which nothing was read.
func (v *Verifier) Absent(wrote []Chain) {
	for _, w := range wrote {
		if w.Parcels > 0 {
			v.found(&v.Lost, int64(w.Parcels), "lost: partition %d: all %d parcels of producer %d", w.Partition, w.Parcels, w.Producer)
		}
	}
}
