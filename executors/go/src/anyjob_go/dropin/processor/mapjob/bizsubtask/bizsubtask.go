// Package bizsubtask lets elements of a map carry labels.
package bizsubtask

// BizSubTask is an element with labels: at most three, of at most 60 and 180 bytes.
type BizSubTask interface {
	LabelMap() map[string]string
}
