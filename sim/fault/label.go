package fault

// Label is what the oracles may demand of a run with these faults.
func Label(faults []Fault) string {
	label := LabelSurvive
	for i := range faults {
		switch f := &faults[i]; {
		case f.harms():
			return LabelDetect
		case f.withholds():
			label = LabelUnavailable
		}
	}
	return label
}

// harms reports whether f may take something away that one disk has only once.
func (f *Fault) harms() bool { return f.Do == DoRot || f.Do == DoReadError && f.Times < 0 }

// withholds reports whether f may keep the broker from serving without harming anything.
func (f *Fault) withholds() bool { return false }
