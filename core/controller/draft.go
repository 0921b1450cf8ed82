package controller

import (
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
)

// Draft lays decided records over an image, as if they were committed at the next offsets: the draft that the next
// decision of the batch is made on.
func Draft(im *metadata.Image, records []metadata.Record) *metadata.Image {
	e := im.Edit()
	for i, r := range records {
		if err := e.Apply(im.Offset()+1+int64(i), max(im.Epoch(), 0), r); err != nil {
			invariant.Violated("C-1: %v", err)
		}
	}
	return e.Image()
}
