package sandbox

import (
	"context"
	"fmt"
	"slices"
	"text/template"
	"text/template/parse"
	"time"
)

// boundError says which bound a template ran into.
type boundError struct {
	kind    Kind
	message string
}

func (e boundError) Error() string { return e.message }

// budget ends an execution that takes too long.
type budget struct {
	ctx      context.Context // of the request
	deadline time.Time
}

func (b *budget) start(ctx context.Context) { b.ctx, b.deadline = ctx, time.Now().Add(MaxTemplateTime) }

// tick is called at the start of every template, branch and turn of a loop.
func (b *budget) tick() (string, error) {
	switch {
	case time.Now().After(b.deadline):
		return "", boundError{Slow, fmt.Sprintf("it takes longer than %v", MaxTemplateTime)}
	case b.ctx.Err() != nil:
		return "", boundError{Slow, "there was no time left for it"}
	}
	return "", nil
}

// bound makes templates end: no template may call itself, and the loops get a
// tick. It is done before the first execution.
func bound(trees []*parse.Tree) error {
	calls := make(map[string][]string)
	for _, t := range trees {
		if t != nil {
			instrument(t.Root, func(callee string) { calls[t.Name] = append(calls[t.Name], callee) })
		}
	}
	done := make(map[string]bool)
	var visit func(name string, path []string) error
	visit = func(name string, path []string) error {
		if slices.Contains(path, name) {
			return boundError{Recursive, fmt.Sprintf("template %q calls itself", name)}
		}
		if done[name] {
			return nil
		}
		for _, callee := range calls[name] {
			if err := visit(callee, append(path, name)); err != nil {
				return err
			}
		}
		done[name] = true
		return nil
	}
	for name := range calls {
		if err := visit(name, nil); err != nil {
			return err
		}
	}
	return nil
}

// maxEscaping bounds how many nodes html/template looks at before the first
// execution, where no deadline reaches: it looks twice into each loop, to see
// that the second turn begins as the first does, and twice into each template
// with a mistake, so that what is nested doubles.
const maxEscaping = 1 << 14

// escapable refuses templates that html/template would not be done with. None
// of them calls itself.
func escapable(trees []*parse.Tree) error {
	roots := make(map[string]*parse.ListNode)
	for _, t := range trees {
		if t != nil {
			roots[t.Name] = t.Root
		}
	}
	known := make(map[string]int)
	var nodes func(list *parse.ListNode) int
	called := func(name string) int {
		if n, ok := known[name]; ok {
			return n
		}
		known[name] = nodes(roots[name])
		return known[name]
	}
	nodes = func(list *parse.ListNode) int {
		if list == nil {
			return 0
		}
		sum := 0
		for _, node := range list.Nodes {
			sum++
			inside, otherwise := branches(node)
			once := nodes(inside)
			sum += once + nodes(otherwise)
			switch n := node.(type) {
			case *parse.RangeNode:
				sum += once
			case *parse.TemplateNode:
				sum += 2 * called(n.Name)
			}
			sum = min(sum, maxEscaping+1)
		}
		return sum
	}
	for name := range roots {
		if called(name) > maxEscaping {
			return boundError{Deep, "its loops and templates are nested too deep"}
		}
	}
	return nil
}

// instrument walks a template, puts a tick at its start, in every branch and in
// every loop, and reports the templates that it calls.
func instrument(list *parse.ListNode, called func(string)) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		inside, otherwise := branches(node)
		instrument(inside, called)
		instrument(otherwise, called)
		if n, ok := node.(*parse.TemplateNode); ok {
			called(n.Name)
		}
	}
	list.Nodes = slices.Insert(list.Nodes, 0, tickNode())
}

// tickNode assigns, for an assignment writes nothing, whatever it stands in.
func tickNode() parse.Node {
	t := template.Must(template.New("").Funcs(template.FuncMap{"tick": (&budget{}).tick}).Parse("{{$_ := tick}}"))
	return t.Root.Nodes[0]
}

// branches are the lists of nodes inside a node.
func branches(node parse.Node) (inside, otherwise *parse.ListNode) {
	switch n := node.(type) {
	case *parse.RangeNode:
		return n.List, n.ElseList
	case *parse.IfNode:
		return n.List, n.ElseList
	case *parse.WithNode:
		return n.List, n.ElseList
	}
	return nil, nil
}
