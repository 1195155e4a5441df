package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mutant is one change at one place.
type mutant struct {
	file   string // from the root of the module
	line   int
	source string // the line, trimmed
	change string
}

// key names a mutant so that it is found again when lines move.
func (m *mutant) key() string { return m.file + " | " + m.change + " | " + m.source }

// mutantSet are the mutants of all packages and the files that hold them.
type mutantSet struct {
	mutants []mutant
	files   []*changed
	keys    map[string]bool
	helpers map[string]string // by path: a file with the functions that changed code calls
}

// changed is a file with its points.
type changed struct {
	path, shown string
	written     string // where the overlay has it
	src         string
	points      []point
}

// point is a group of edits that belong together.
type point struct {
	line  int
	edits []edit
	gone  bool
}

// edit inserts a text, or replaces some bytes by it. Edits at one offset come in the
// order of their ranks.
type edit struct {
	off, length, rank int
	text              string
}

func instrument(dir string, targets []pkg) (*mutantSet, error) {
	paths := make([]string, len(targets))
	for i, p := range targets {
		paths[i] = p.ImportPath
	}
	exports, err := exportData(dir, paths)
	if err != nil {
		return nil, err
	}
	root, err := command(dir, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	set := &mutantSet{keys: map[string]bool{}, helpers: map[string]string{}}
	for _, p := range targets {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
		if len(files) == 0 {
			continue
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
		conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
		if _, err := conf.Check(p.ImportPath, fset, files, info); err != nil {
			return nil, err
		}
		for _, f := range files {
			if ast.IsGenerated(f) {
				continue
			}
			path := fset.Position(f.Pos()).Filename
			src, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			shown, err := filepath.Rel(strings.TrimSpace(root), path)
			if err != nil {
				return nil, err
			}
			c := &changed{path: path, shown: filepath.ToSlash(shown), src: string(src)}
			w := &walker{set: set, file: c, fset: fset, info: info, lines: strings.Split(string(src), "\n")}
			w.walk(f)
			set.files = append(set.files, c)
		}
		set.helpers[filepath.Join(p.Dir, "mutants_helper.go")] = "package " + files[0].Name.Name + helper
	}
	return set, nil
}

// exportData maps the packages that the targets import to what the compiler wrote of them.
func exportData(dir string, paths []string) (map[string]string, error) {
	out, err := command(dir, append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, paths...)...)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		if path, file, ok := strings.Cut(line, " "); ok {
			m[path] = file
		}
	}
	return m, nil
}

// drop takes back the points on a line of the overlay that does not compile.
func (s *mutantSet) drop(file string, line int) (dropped bool) {
	for _, f := range s.files {
		if f.written != file {
			continue
		}
		for i := range f.points {
			if p := &f.points[i]; p.line == line && !p.gone {
				p.gone, dropped = true, true
			}
		}
	}
	return dropped
}

// write writes the overlay.
func (s *mutantSet) write(work, overlay string) error {
	replace := map[string]string{}
	put := func(path, text string) (to string, err error) {
		to = filepath.Join(work, fmt.Sprintf("%d.go", len(replace)))
		replace[path] = to
		return to, os.WriteFile(to, []byte(text), 0o644)
	}
	for _, f := range s.files {
		var err error
		if f.written, err = put(f.path, f.text()); err != nil {
			return err
		}
	}
	for path, text := range s.helpers {
		if _, err := put(path, text); err != nil {
			return err
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(overlay, b, 0o644)
}

// text is the file with its edits.
func (f *changed) text() string {
	var edits []edit
	for _, p := range f.points {
		if !p.gone {
			edits = append(edits, p.edits...)
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.off != b.off {
			return a.off - b.off
		}
		return a.rank - b.rank
	})
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(f.src[at:e.off])
		b.WriteString(e.text)
		at = e.off + e.length
	}
	b.WriteString(f.src[at:])
	return b.String()
}

// walker finds the points of a file.
type walker struct {
	set   *mutantSet
	file  *changed
	fset  *token.FileSet
	info  *types.Info
	lines []string
	depth int
	seen  map[ast.Expr]bool // boolean expressions that have a point
}

func (w *walker) offset(p token.Pos) int { return w.fset.Position(p).Offset }

// add makes a mutant for each change; id is that of the first.
func (w *walker) add(at token.Pos, edits func(id string) []edit, changes ...string) {
	line := w.fset.Position(at).Line
	id := len(w.set.mutants)
	for _, c := range changes {
		m := mutant{file: w.file.shown, line: line, source: strings.TrimSpace(w.lines[line-1]), change: c}
		for n := 2; w.set.keys[m.key()]; n++ {
			m.change = fmt.Sprintf("%s (%d)", c, n)
		}
		w.set.keys[m.key()] = true
		w.set.mutants = append(w.set.mutants, m)
	}
	w.file.points = append(w.file.points, point{line: line, edits: edits(strconv.Itoa(id))})
}

// around wraps a node: what opens earlier closes later.
func (w *walker) around(n ast.Node, before, after string) []edit {
	w.depth++
	return []edit{{off: w.offset(n.Pos()), rank: w.depth, text: before}, {off: w.offset(n.End()), rank: -w.depth, text: after}}
}

func (w *walker) constant(e ast.Expr) bool { return w.info.Types[e].Value != nil }

func (w *walker) basic(e ast.Expr, flag types.BasicInfo) bool {
	b, ok := types.Unalias(w.info.TypeOf(e)).Underlying().(*types.Basic)
	return ok && b.Info()&flag != 0
}

// plainBool reports whether e is a variable boolean that is no type of its own.
func (w *walker) plainBool(e ast.Expr) bool {
	t := w.info.TypeOf(e)
	return !w.constant(e) && t != nil && (types.Identical(t, types.Typ[types.Bool]) || types.Identical(t, types.Typ[types.UntypedBool]))
}

// negate gives a boolean a point of its own where it is not made of others that have one.
func (w *walker) negate(e ast.Expr) {
	e = ast.Unparen(e)
	if b, ok := e.(*ast.BinaryExpr); ok && (b.Op == token.LAND || b.Op == token.LOR || comparison[b.Op]) || !w.plainBool(e) || w.seen[e] {
		return
	}
	w.seen[e] = true
	w.add(e.Pos(), func(id string) []edit { return w.around(e, "µneg("+id+", ", ")") }, "negate")
}

var comparison = map[token.Token]bool{token.EQL: true, token.NEQ: true, token.LSS: true, token.LEQ: true, token.GTR: true, token.GEQ: true}

func (w *walker) walk(f *ast.File) {
	w.seen = map[ast.Expr]bool{}
	var results []*types.Tuple
	var visit func(n ast.Node) bool
	body := func(t *ast.FuncType, b *ast.BlockStmt) {
		if b == nil {
			return
		}
		var vars []*types.Var
		if t.Results != nil {
			for _, field := range t.Results.List {
				for range max(1, len(field.Names)) {
					vars = append(vars, types.NewVar(0, nil, "", w.info.TypeOf(field.Type)))
				}
			}
		}
		results = append(results, types.NewTuple(vars...))
		ast.Inspect(b, visit)
		results = results[:len(results)-1]
	}
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			body(n.Type, n.Body)
			return false
		case *ast.FuncLit:
			body(n.Type, n.Body)
			return false
		case *ast.GenDecl:
			return n.Tok == token.VAR
		case *ast.IfStmt:
			w.negate(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				w.negate(n.Cond)
			}
		case *ast.BlockStmt:
			w.statements(n.List)
		case *ast.CaseClause:
			w.cases(n)
			w.statements(n.Body)
		case *ast.CommClause:
			w.statements(n.Body)
		case *ast.ReturnStmt:
			if len(results) > 0 {
				w.returned(n, results[len(results)-1])
			}
		case *ast.BinaryExpr:
			w.binary(n)
		}
		return true
	}
	ast.Inspect(f, visit)
}

func (w *walker) binary(n *ast.BinaryExpr) {
	if w.constant(n) {
		return
	}
	call := func(name string, changes ...string) {
		w.add(n.OpPos, func(id string) []edit {
			return append(w.around(n, "µ"+name+"("+id+", ", ")"), edit{off: w.offset(n.OpPos), length: len(n.Op.String()), text: ","})
		}, changes...)
	}
	ordered := w.basic(n.X, types.IsOrdered) && w.basic(n.Y, types.IsOrdered)
	number := w.basic(n.X, types.IsInteger|types.IsFloat)
	switch n.Op {
	case token.LAND, token.LOR:
		if w.plainBool(n.X) && w.plainBool(n.Y) {
			other := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}[n.Op]
			w.add(n.OpPos, func(id string) []edit {
				on := "µon(" + id + ")"
				edits := w.around(n, "(", " != "+on+")")
				edits = append(edits, w.around(n.X, "((", ") != "+on)...)
				return append(edits, w.around(n.Y, "(", ") != "+on+")")...)
			}, n.Op.String()+" to "+other)
		}
		w.negate(n.X)
		w.negate(n.Y)
	case token.EQL, token.NEQ:
		if w.plainBool(n) {
			w.add(n.OpPos, func(id string) []edit { return w.around(n, "µneg("+id+", ", ")") }, "negate "+n.Op.String())
			w.literal(n.X)
			w.literal(n.Y)
		}
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		if ordered && w.plainBool(n) {
			near := map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}[n.Op]
			name := map[token.Token]string{token.LSS: "lt", token.LEQ: "le", token.GTR: "gt", token.GEQ: "ge"}[n.Op]
			call(name, n.Op.String()+" to "+near, "negate "+n.Op.String())
		}
	case token.ADD:
		if number {
			call("add", "+ to -")
		}
	case token.SUB:
		if number {
			call("sub", "- to +")
		}
	}
}

// literal changes a literal that something is compared with.
func (w *walker) literal(e ast.Expr) {
	lit, ok := ast.Unparen(e).(*ast.BasicLit)
	t, basic := w.info.TypeOf(e).(*types.Basic)
	if !ok || !basic || t.Info()&types.IsUntyped != 0 {
		return
	}
	switch {
	case t.Info()&types.IsString != 0:
		w.add(e.Pos(), func(id string) []edit { return w.around(lit, "µstr("+id+", ", ")") }, "another text than "+lit.Value)
	case t.Info()&types.IsInteger != 0:
		w.add(e.Pos(), func(id string) []edit { return w.around(lit, "µint["+t.Name()+"]("+id+", ", ")") }, "another number than "+lit.Value)
	}
}

// cases makes a case unreachable.
func (w *walker) cases(n *ast.CaseClause) {
	for _, e := range n.List {
		tv := w.info.Types[e]
		if tv.IsType() || tv.Type == nil {
			continue
		}
		if tv.Value == nil {
			w.negate(e)
			continue
		}
		basic, is := tv.Type.(*types.Basic)
		switch {
		case w.basic(e, types.IsString) && is:
			w.add(e.Pos(), func(id string) []edit { return w.around(e, "µstr("+id+", ", ")") }, "without the case")
		case w.basic(e, types.IsInteger) && is:
			w.add(e.Pos(), func(id string) []edit { return w.around(e, "µint["+basic.Name()+"]("+id+", ", ")") }, "without the case")
		case w.basic(e, types.IsInteger) && !isLiteral(e):
			w.add(e.Pos(), func(id string) []edit { return w.around(e, "µint("+id+", ", ")") }, "without the case")
		}
	}
}

// statements leaves out calls without result and assignments.
func (w *walker) statements(list []ast.Stmt) {
	for _, s := range list {
		switch n := s.(type) {
		case *ast.ExprStmt:
			if call, ok := n.X.(*ast.CallExpr); !ok || isPanic(call) {
				continue
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE || len(n.Lhs) != 1 || isBlank(n.Lhs[0]) {
				continue
			}
		case *ast.IncDecStmt:
		default:
			continue
		}
		w.add(s.Pos(), func(id string) []edit { return w.around(s, "if !µon("+id+") { ", " }") }, "without the statement")
	}
}

func isLiteral(e ast.Expr) bool {
	_, ok := ast.Unparen(e).(*ast.BasicLit)
	return ok
}

func isPanic(c *ast.CallExpr) bool {
	id, ok := c.Fun.(*ast.Ident)
	return ok && id.Name == "panic"
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// returned changes what a function returns: the zero value, or the other boolean.
func (w *walker) returned(n *ast.ReturnStmt, results *types.Tuple) {
	if len(n.Results) != results.Len() {
		return
	}
	for i, e := range n.Results {
		tv := w.info.Types[e]
		if tv.IsNil() || tv.Type == nil || !types.Identical(tv.Type, results.At(i).Type()) || zero(e, tv) {
			if w.basic(e, types.IsBoolean) && types.Identical(tv.Type, types.Typ[types.Bool]) {
				w.add(e.Pos(), func(id string) []edit { return w.around(e, "µneg("+id+", ", ")") }, "negate what is returned")
			}
			continue
		}
		if types.Identical(tv.Type, types.Typ[types.Bool]) {
			if w.constant(e) {
				w.add(e.Pos(), func(id string) []edit { return w.around(e, "µneg("+id+", ", ")") }, "negate what is returned")
			} else {
				w.negate(e)
			}
			continue
		}
		before := "µzero("
		if basic, ok := tv.Type.(*types.Basic); ok {
			before = "µzero[" + basic.Name() + "]("
		}
		w.add(e.Pos(), func(id string) []edit { return w.around(e, before+id+", ", ")") }, "zero value returned")
	}
}

// zero reports whether an expression is the zero value by its looks.
func zero(e ast.Expr, tv types.TypeAndValue) bool {
	if tv.Value != nil {
		s := tv.Value.ExactString()
		return s == "0" || s == `""` || s == "false"
	}
	lit, ok := ast.Unparen(e).(*ast.CompositeLit)
	return ok && len(lit.Elts) == 0
}

// helper is what changed code calls. It is a file of each package.
const helper = `

import (
	µos "os"
	µstrconv "strconv"
	µsync "sync"
)

var µid, µfile = func() (int, *µos.File) {
	if name := µos.Getenv("MUTANTS_REACHED"); name != "" {
		f, err := µos.OpenFile(name, µos.O_CREATE|µos.O_APPEND|µos.O_WRONLY, 0o644)
		if err != nil {
			panic(err)
		}
		return -1, f
	}
	id, err := µstrconv.Atoi(µos.Getenv("MUTANTS_ID"))
	if err != nil {
		id = -1
	}
	return id, nil
}()

var µseen µsync.Map

// µon reports whether mutant id is to live.
func µon(id int) bool {
	if µfile != nil {
		if _, seen := µseen.LoadOrStore(id, true); !seen {
			_, _ = µfile.WriteString(µstrconv.Itoa(id) + "\n")
		}
	}
	return µid == id
}

type µnumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

type µordered interface{ µnumber | ~string }

func µneg(id int, v bool) bool { return v != µon(id) }

func µcompare(id int, is, near bool) bool {
	boundary, negated := µon(id), µon(id+1)
	if boundary {
		return near
	}
	return is != negated
}

func µlt[T µordered](id int, a, b T) bool { return µcompare(id, a < b, a <= b) }
func µle[T µordered](id int, a, b T) bool { return µcompare(id, a <= b, a < b) }
func µgt[T µordered](id int, a, b T) bool { return µcompare(id, a > b, a >= b) }
func µge[T µordered](id int, a, b T) bool { return µcompare(id, a >= b, a > b) }

func µadd[T µnumber](id int, a, b T) T {
	if µon(id) {
		return a - b
	}
	return a + b
}

func µsub[T µnumber](id int, a, b T) T {
	if µon(id) {
		return a + b
	}
	return a - b
}

func µstr[T ~string](id int, v T) T {
	if µon(id) {
		return v + "\x00µ"
	}
	return v
}

func µint[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](id int, v T) T {
	if µon(id) {
		return v + 77
	}
	return v
}

func µzero[T any](id int, v T) T {
	if µon(id) {
		var none T
		return none
	}
	return v
}
`
