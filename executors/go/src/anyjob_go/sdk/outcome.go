package anyjob

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

type evidence struct {
	Source string `json:"source"`
	Text   string `json:"text"`
}

type stopReport struct {
	Strength  string     `json:"strength"`
	By        string     `json:"by"`
	Evidence  []evidence `json:"evidence"`
	Survivors []string   `json:"survivors"`
}

type retry struct {
	Again bool     `json:"again"`
	After *float64 `json:"after"`
}

// outcome is how a run ended, as the protocol says it.
type outcome struct {
	Cause    string          `json:"cause"`
	Result   string          `json:"result,omitempty"`
	Outputs  json.RawMessage `json:"outputs,omitempty"`
	Evidence []evidence      `json:"evidence,omitempty"`
	Stop     *stopReport     `json:"stop,omitempty"`
	Retry    *retry          `json:"retry,omitempty"`
	Ended    float64         `json:"ended"`
}

func (o *outcome) know(source, text string) {
	o.Evidence = append(o.Evidence, evidence{source, text})
}

const longestText = 8 << 10

// cut keeps the beginning of a text that a stranger made.
func cut(text string) string {
	if len(text) <= longestText {
		return text
	}
	return text[:longestText] + " ..."
}

// ofResult judges what a call returned. `what` is the method, as in "Process".
func ofResult(what string, result *Result, err error) *outcome {
	var again *againError
	switch {
	case err != nil:
		out := &outcome{Cause: "failed", Result: err.Error(), Retry: &retry{}}
		if errors.As(err, &again) {
			out.Retry.Again = true
			if again.after != nil {
				seconds := again.after.Seconds()
				out.Retry.After = &seconds
			}
		}
		out.know("go", cut(fmt.Sprintf("%s returned an error (%T): %s", what, err, err)))
		return out
	case result == nil:
		out := &outcome{Cause: "failed", Result: what + " returned no result"}
		out.know("go", what+" returned nil and no error; return a result, or an error")
		return out
	}
	out := &outcome{Cause: "succeeded", Result: result.Text}
	if !result.OK {
		out.Cause = "failed"
		out.know("go", what+" returned a result that says it failed")
	}
	if len(result.Outputs) > 0 {
		text, err := json.Marshal(result.Outputs)
		if err != nil {
			out.Cause = "failed"
			out.know("go", cut("the outputs cannot be written as JSON: "+err.Error()))
		}
		out.Outputs = text
	}
	return out
}

// ofPanic is the outcome of code that panicked.
func ofPanic(what string, value any, stack []byte) *outcome {
	out := &outcome{Cause: "failed", Result: cut(fmt.Sprintf("panic: %v", value))}
	out.know("go", cut(fmt.Sprintf("%s panicked: %v\n\n%s", what, value, strings.TrimSpace(string(stack)))))
	return out
}

// resultLine is the message that ends a run, of at most so many bytes.
func resultLine(run string, out *outcome, limit int) []byte {
	type message struct {
		Type    string   `json:"type"`
		Run     string   `json:"run"`
		Outcome *outcome `json:"outcome"`
	}
	line, err := json.Marshal(message{"result", run, out})
	if err == nil && len(line) <= limit {
		return line
	}
	// What cannot be told must not be called a success.
	short := *out
	short.Result, short.Outputs = cut(out.Result), nil
	short.Evidence = nil
	if short.Cause == "succeeded" {
		short.Cause = "failed"
		short.Retry = &retry{}
	}
	short.know("go", fmt.Sprintf("the outcome has %d bytes and at most %d can be told; keep large results elsewhere, and "+
		"return where", len(line), limit))
	line, err = json.Marshal(message{"result", run, &short})
	if err != nil {
		panic(err) // texts and numbers alone: they can always be written
	}
	return line
}

func epoch(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }
