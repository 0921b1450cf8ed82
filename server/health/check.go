package health

// Check is one thing that a probe looks at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // a sentence, where it is not OK
}

// Passed is a check that found nothing.
func Passed(name string) Check { return Check{Name: name, OK: true} }

// Failed is a check that found why.
func Failed(name, why string) Check { return Check{Name: name, Why: why} }

// allOK reports whether all checks passed.
func allOK(checks []Check) bool {
	for _, c := range checks {
		if !c.OK {
			return false
		}
	}
	return true
}
