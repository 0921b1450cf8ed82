// Package rand is the one source of chance in the core and in the simulator: splitmix64, fixed for ever.
//
//	seed --New--> Source --Uint64--> draw 0, draw 1, draw 2 ...        a stream: order matters
//	                |
//	                +-----Split("disk")--> Source                      a child: only seed and label matter
//
//	(seed, stream, entity, ordinal) --Mix--> one draw                  keyed: nothing but the keys matters
//
// A keyed draw is what makes a faulty run shrinkable: taking one fault away does not move the dice of the others.
//
// What holds:
//
//   - The numbers belong to this package, not to a Go release: golden values in the tests pin them.
//   - Every method of Source takes exactly one draw, whatever it returns, so that a changed probability does not shift
//     the stream behind it.
//   - Split takes no draw: adding a child changes neither the parent nor its other children.
//
// It is not for secrets: keys and identities come from the shell.
//
// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014); the mixer is Stafford's 13th.
package rand
