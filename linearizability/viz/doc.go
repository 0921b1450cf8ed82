// Package viz draws the windows of a history that were searched, as one HTML file that needs nothing else.
//
//	model.Window --> specification and operations --> porcupine: the order that was found, or how far each try came
//	                                                     |
//	one page: a line for each window, the bad ones first | and open <--+
//
// Each window keeps a picture of its own, with its own time axis: windows of one run lie far apart. Operations share a
// line where they do not overlap. In a picture of an illegal window, the operations that no order reaches are marked.
//
// What it does not do: it judges nothing. A verdict is model's; the picture is searched for a second time, and where that
// runs out of time it shows how far it came.
//
// Start at page.go.
package viz
