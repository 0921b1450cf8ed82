package kafka

import (
	"testing"
)

// The edge tells the smallest timestamp that a record has, whatever the codec; none is told as -1.
func TestValidateTellsTheEarliestTimestamp(t *testing.T) {
	c := NewCodec(Limits{})
	for _, test := range codecCases {
		for _, want := range []struct {
			timestamps []int64
			earliest   int64
		}{
			{[]int64{7, 5, 9}, 5}, {[]int64{-1, 8, -1}, 8}, {[]int64{-1, -1}, -1}, {[]int64{3, -7}, -7}, {[]int64{0}, 0},
		} {
			s := builder{timestamps: want.timestamps, codec: test.codec, xerial: test.xerial}
			if v := c.Validate(s.build(t), newestProduce); !v.OK() || v.Earliest != want.earliest {
				t.Errorf("%s %v: %+v", test.name, want.timestamps, v)
			}
		}
	}
}
