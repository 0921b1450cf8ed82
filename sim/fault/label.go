package fault

// Label is what the oracles may demand of a run with these faults.
func Label(faults []Fault) string {
	label := LabelSurvive
	for i := range faults {
		switch f := &faults[i]; {
		case f.Harms():
			return LabelDetect
		case f.withholds():
			label = LabelUnavailable
		}
	}
	return label
}

// Harms reports whether f takes away what one disk has only once: a hard state, an identity and an index have a twin, or can be
// made anew. Two copies of a checkpoint are of different moments: the older one serves only as long as the journal goes back so far.
func (f *Fault) Harms() bool {
	switch f.Do {
	case DoRot, DoZero, DoStale:
	case DoReadError:
		if f.Times >= 0 {
			return false
		}
	default:
		return f.Do == DoMisdirect
	}
	switch f.Where {
	case InHardState, InSidecar:
		return f.Copies > 1
	case InIndex:
		return false
	}
	return true
}

// withholds reports whether f may keep the broker from serving without harming anything: a full disk ends it (docs/DIVERGENCE.md), an
// older part is refused until the right one is put back.
func (f *Fault) withholds() bool { return f.Do == DoFull || f.Do == DoPutBack }
