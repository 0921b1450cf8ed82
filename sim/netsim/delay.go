package netsim

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
)

// Delay is how long a segment travels: Min, and an exponential tail with mean Tail.
type Delay struct{ Min, Tail event.Time }

// exponential are the quantiles (i+1/2)/64 of the exponential distribution with mean 256.
var exponential = [64]event.Time{
	2, 6, 10, 14, 19, 23, 27, 32, 36, 41, 46, 51, 56, 61, 66, 71, 76, 82, 87, 93, 99, 105, 111, 117, 124, 130, 137,
	144, 151, 158, 166, 173, 181, 190, 198, 207, 216, 226, 236, 246, 256, 268, 279, 291, 304, 318, 332, 347, 363, 380,
	398, 418, 439, 463, 488, 517, 549, 585, 628, 680, 744, 830, 961, 1242,
}

// draw is one travel time.
func (d Delay) draw(r fault.Rand, ordinal uint64) event.Time {
	return d.Min + d.Tail*exponential[r.At(ordinal)%64]/256
}
