package probe

// Explained are probes that may be cold, each with the reason. It is looked up only.
var Explained = map[string]string{}
