package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"crosscheck/report/reporttest"
	"crosscheck/testdata"
)

// deployed is the path of a file of docs/deploy.
func deployed(name string) string { return filepath.Join(repo, "docs", "deploy", name) }

// documents decodes each document of a YAML file of docs/deploy; doubled keys are errors.
func documents[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile(deployed(name))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var one T
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, one)
	}
}

// shell runs a script in a folder with this program as crosscheck on the PATH and
// returns its exit status and what it printed.
func shell(t *testing.T, dir string, env []string, name string, args ...string) (status int, output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+programs(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// programs is a folder in which this test binary is called crosscheck, and then
// is that program (see TestMain).
func programs(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "crosscheck")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// action is docs/deploy/github-action/action.yml, as far as the test reads it.
type action struct {
	Name, Description string
	Branding          map[string]string
	Inputs            map[string]struct {
		Description string
		Default     *string
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	ID, Name, If, Uses, Shell, Run string
	With, Env                      map[string]string
}

func readAction(t *testing.T) action {
	t.Helper()
	data, err := os.ReadFile(deployed("github-action/action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	var a action
	if err := d.Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// runner is what GitHub's runner does with the steps of a composite action that
// are shell scripts: contexts, output and summary files, and the end at a failure.
type runner struct {
	dir    string // workspace
	values map[string]string
	env    []string
}

// runAction runs the action with inputs; status is that of the first step that failed.
func runAction(t *testing.T, env []string, inputs map[string]string) (status int, outputs map[string]string, summary, log string, dir string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		missing(t, "the action's scripts are for bash, which is not here")
	}
	a := readAction(t)
	actionPath, err := filepath.Abs(deployed("github-action"))
	if err != nil {
		t.Fatal(err)
	}
	r := runner{dir: t.TempDir(), env: env, values: map[string]string{"github.action_path": actionPath, "github.action_ref": "v1"}}
	for name, in := range a.Inputs {
		r.values["inputs."+name] = *in.Default
	}
	for name, v := range inputs {
		if _, ok := a.Inputs[name]; !ok {
			t.Fatalf("the action has no input %s", name)
		}
		r.values["inputs."+name] = v
	}
	files := t.TempDir()
	output, summaryFile := filepath.Join(files, "output"), filepath.Join(files, "summary")
	for _, step := range a.Runs.Steps {
		if step.If != "" && !r.holds(t, step.If) {
			continue
		}
		if step.Uses != "" {
			t.Fatalf("step %q needs %s, which is not here", step.Name, step.Uses)
		}
		for _, name := range []string{output, summaryFile} {
			f, err := os.OpenFile(name, os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		script := filepath.Join(files, "script")
		if err := os.WriteFile(script, []byte(step.Run), 0o600); err != nil {
			t.Fatal(err)
		}
		env := append(slices.Clone(r.env), "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summaryFile)
		for name, value := range step.Env {
			env = append(env, name+"="+r.expand(t, value))
		}
		code, printed := shell(t, r.dir, env, "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		log += printed
		text, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			r.values["steps."+step.ID+".outputs."+name] = value
		}
		os.Remove(output)
		if code != 0 {
			status = code
			break
		}
	}
	text, _ := os.ReadFile(summaryFile)
	outputs = map[string]string{}
	for name, out := range a.Outputs {
		outputs[name] = r.expand(t, out.Value)
	}
	return status, outputs, string(text), log, r.dir
}

// expand puts values in the place of expressions; an unset output is empty.
func (r *runner) expand(t *testing.T, text string) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		name := expression.FindStringSubmatch(e)[1]
		value, ok := r.values[name]
		if !ok && !strings.HasPrefix(name, "steps.") {
			t.Fatalf("expression %s is not known", e)
		}
		return value
	})
}

// holds decides a condition on an empty input, the only kind that the action has.
func (r *runner) holds(t *testing.T, condition string) bool {
	m := regexp.MustCompile(`^\$\{\{ (inputs\.[a-z-]+) == '' \}\}$`).FindStringSubmatch(condition)
	if m == nil {
		t.Fatalf("condition %s is not known", condition)
	}
	return r.values[m[1]] == ""
}

// TestAction runs the scripts of the composite action as GitHub's runner would.
func TestAction(t *testing.T) {
	reporttest.Sequential(t)
	self := filepath.Join(programs(t), "crosscheck")
	env := exported(t, testdata.DemoWorld).environ
	config, err := filepath.Abs(filepath.Join(repo, "testdata", "worlds", "demo.crosscheck.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		inputs map[string]string
		status int    // of the action
		exit   string // output exit-status
		log    string
	}{
		"demo":           {map[string]string{"command": "demo"}, 0, "0", "Links: 5 broken"},
		"findings":       {map[string]string{"args": "--config=" + config + "\n\n--fail-on=high\n"}, 1, "1", "Links: 5 broken"},
		"not gated":      {map[string]string{"args": "--config=" + config, "gate": "false"}, 0, "1", "Links: 5 broken"},
		"incomplete":     {map[string]string{"args": "--accounts=222222222222,333333333333\n--buckets=media-partner\n--fail-on=critical"}, 3, "3", "1 unknown"},
		"cannot run":     {map[string]string{"args": "--fail-on=bogus", "gate": "false"}, 2, "2", "bogus"},
		"no command":     {map[string]string{"command": "scan; touch made"}, 2, "", "scan, drill or demo"},
		"no shell text":  {map[string]string{"args": "--buckets=$(touch made)`touch made`; touch made\n"}, 2, "2", ""},
		"another folder": {map[string]string{"command": "demo", "directory": "a folder", "summary": "false"}, 0, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.inputs["binary"] = self
			status, outputs, summary, log, dir := runAction(t, env, test.inputs)
			if status != test.status || outputs["exit-status"] != test.exit || !strings.Contains(log, test.log) {
				t.Fatalf("status %d, outputs %v\n%s", status, outputs, log)
			}
			if _, err := os.Stat(filepath.Join(dir, "made")); err == nil {
				t.Error("an input was run as a command")
			}
			could := test.exit != "" && test.exit != "2"
			for _, kind := range []string{"sarif", "junit", "markdown", "run-file"} {
				path := outputs[kind]
				if !could {
					if path != "" {
						t.Errorf("%s is %s, and crosscheck could not run", kind, path)
					}
					continue
				}
				data, err := os.ReadFile(filepath.Join(dir, path))
				if err != nil || len(data) == 0 || filepath.Dir(path) != test.inputs["directory"] && test.inputs["directory"] != "" {
					t.Errorf("%s is %s: %v", kind, path, err)
				}
				if kind == "sarif" && !json.Valid(data) {
					t.Error("the SARIF file is no JSON")
				}
				if kind == "markdown" && (summary == string(data)) != (test.inputs["summary"] != "false") {
					t.Errorf("the summary of the job is %q", summary)
				}
			}
		})
	}
}

// TestActionIsSound: what reviewers of actions look for. Inputs are no text of
// scripts, and each has a description and a default.
func TestActionIsSound(t *testing.T) {
	t.Parallel()
	a := readAction(t)
	for name, in := range a.Inputs {
		if in.Description == "" || in.Default == nil {
			t.Errorf("input %s has no description or default", name)
		}
	}
	for _, step := range a.Runs.Steps {
		if expression.MatchString(step.Run) {
			t.Errorf("step %q has an expression in its script", step.Name)
		}
		if step.Run != "" && step.Shell != "bash" {
			t.Errorf("step %q has no shell", step.Name)
		}
		if file := step.With["go-version-file"]; file != "" {
			path := strings.Replace(file, "${{ github.action_path }}", deployed("github-action"), 1)
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
	}
}

// workflow is docs/deploy/github-workflow.yml, as far as the test reads it.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []actionStep
	}
}

// TestWorkflow: the workflow gives the action inputs that it has and reads outputs
// that it has, and the arguments in it are a scan that runs.
func TestWorkflow(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	a := readAction(t)
	w := documents[workflow](t, "github-workflow.yml")[0]
	if w.Permissions == nil || len(w.Permissions) > 0 {
		t.Errorf("permissions of the workflow are %v; jobs ask for their own", w.Permissions)
	}
	used := 0
	for _, step := range w.Jobs["scan"].Steps {
		if expression.MatchString(step.Run) {
			t.Errorf("step %q has an expression in its script", step.Name)
		}
		for _, text := range append([]string{step.If, step.Run}, append(mapValues(step.With), mapValues(step.Env)...)...) {
			for _, m := range regexp.MustCompile(`steps\.crosscheck\.outputs\.([a-z-]+)`).FindAllStringSubmatch(text, -1) {
				if _, ok := a.Outputs[m[1]]; !ok {
					t.Errorf("step %q reads the output %s, which the action does not have", step.Name, m[1])
				}
			}
		}
		if !strings.HasPrefix(step.Uses, "OWNER/crosscheck/docs/deploy/github-action@") {
			continue
		}
		used++
		for name := range step.With {
			if _, ok := a.Inputs[name]; !ok {
				t.Errorf("the action has no input %s", name)
			}
		}
		runsAgainstDemo(t, append([]string{"crosscheck", "scan"}, strings.Fields(step.With["args"])...))
	}
	if used != 1 {
		t.Errorf("the action is used %d times", used)
	}
}

func mapValues(m map[string]string) (values []string) {
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// runsAgainstDemo runs a command line in an empty folder against the demo world:
// a scan finds what there is to find.
func runsAgainstDemo(t *testing.T, line []string, env ...string) {
	t.Helper()
	env = append(exported(t, testdata.DemoWorld).environ, env...)
	dir := t.TempDir()
	for name, data := range pageFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out := shell(t, dir, env, line[0], line[1:]...)
	if status != exitFindings || !strings.Contains(out, "Links: 5 broken, 0 partial, 1 unknown, 3 working") {
		t.Errorf("%q: exit status %d\n%s", line, status, out)
	}
}

// TestGitLabTemplate runs the script of the job in a shell, with the token as
// GitLab gives it.
func TestGitLabTemplate(t *testing.T) {
	reporttest.Sequential(t)
	job, ok := documents[map[string]struct {
		Script    []string
		Variables map[string]string
		IDTokens  map[string]any `yaml:"id_tokens"`
		Artifacts struct {
			Reports map[string]string
			Paths   []string
		}
		AllowFailure struct {
			ExitCodes []int `yaml:"exit_codes"`
		} `yaml:"allow_failure"`
	}](t, "gitlab-ci.yml")[0]["crosscheck"]
	if !ok {
		t.Fatal("no job crosscheck")
	}
	if !slices.Equal(job.AllowFailure.ExitCodes, []int{exitIncomplete}) {
		t.Errorf("allowed exit codes are %v", job.AllowFailure.ExitCodes)
	}
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	env := exported(t, testdata.DemoWorld).environ
	for name, value := range job.Variables {
		env = append(env, name+"="+value) // crosscheck refuses variables that look like its own
	}
	env = append(env, "AWS_WEB_IDENTITY_TOKEN_FILE="+token, "AWS_ROLE_ARN=") // the world has no web identity
	for name := range job.IDTokens {
		env = append(env, name+"=a.b.c")
	}
	status, out := shell(t, dir, env, "sh", "-ec", strings.Join(job.Script, "\n"))
	if status != exitFindings || !strings.Contains(out, "Links: 5 broken") {
		t.Errorf("exit status %d\n%s", status, out)
	}
	if data, err := os.ReadFile(token); err != nil || string(data) != "a.b.c" {
		t.Errorf("the token file holds %q, %v", data, err)
	}
	if info, err := os.Stat(token); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token file has mode %v", info.Mode())
	}
	for _, path := range append(job.Artifacts.Paths, job.Artifacts.Reports["junit"]) {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Errorf("artifact: %v", err)
		}
	}
	if job.Variables["AWS_ROLE_ARN"] == "" || job.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] == "" {
		t.Error("the SDK is not told the role or the file of its token")
	}
}

// TestCronJob runs the container's arguments, and holds the pod to what the
// namespace of the example enforces (Pod Security Standards, restricted).
func TestCronJob(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	type securityContext struct {
		RunAsNonRoot             bool              `yaml:"runAsNonRoot"`
		RunAsUser                int               `yaml:"runAsUser"`
		SeccompProfile           map[string]string `yaml:"seccompProfile"`
		AllowPrivilegeEscalation *bool             `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool              `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	}
	type manifest struct {
		Kind     string
		Metadata struct{ Name, Namespace string }
		Spec     struct {
			JobTemplate struct {
				Spec struct {
					BackoffLimit *int `yaml:"backoffLimit"`
					Template     struct {
						Spec struct {
							ServiceAccountName string          `yaml:"serviceAccountName"`
							SecurityContext    securityContext `yaml:"securityContext"`
							Containers         []struct {
								Args            []string
								SecurityContext securityContext `yaml:"securityContext"`
								VolumeMounts    []struct {
									Name, MountPath string
								} `yaml:"volumeMounts"`
							}
						}
					}
				}
			} `yaml:"jobTemplate"`
		}
	}
	kinds := map[string]manifest{}
	for _, m := range documents[manifest](t, "cronjob.yaml") {
		kinds[m.Kind] = m
		if m.Kind != "Namespace" && m.Metadata.Namespace != "crosscheck" {
			t.Errorf("%s %s is in namespace %q", m.Kind, m.Metadata.Name, m.Metadata.Namespace)
		}
	}
	job := kinds["CronJob"].Spec.JobTemplate.Spec
	pod := job.Template.Spec
	if job.BackoffLimit == nil || *job.BackoffLimit != 0 {
		t.Error("a scan with findings would be started again")
	}
	if pod.ServiceAccountName != kinds["ServiceAccount"].Metadata.Name {
		t.Errorf("the service account %s is not made", pod.ServiceAccountName)
	}
	if s := pod.SecurityContext; !s.RunAsNonRoot || s.RunAsUser == 0 || s.SeccompProfile["type"] != "RuntimeDefault" {
		t.Errorf("security context of the pod: %+v", s)
	}
	c := pod.Containers[0]
	if s := c.SecurityContext; s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
		t.Errorf("security context of the container: %+v", s)
	}
	reports := t.TempDir()
	line := []string{"crosscheck"}
	for _, arg := range c.Args {
		line = append(line, strings.ReplaceAll(arg, "/reports/", reports+"/"))
	}
	runsAgainstDemo(t, line)
	if left, err := os.ReadDir(reports); err != nil || len(left) != 2 {
		t.Errorf("reports: %v %v", left, err)
	}
}

// missing leaves a test out where this machine lacks a program that is not Go, but
// never in CI, which installs what tests need (.ci/run).
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// TestSystemdUnits runs ExecStart.
func TestSystemdUnits(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	service, err := os.ReadFile(deployed("crosscheck.service"))
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.ReplaceAll(string(service), "\\\n", " ")
	m := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/(crosscheck .*)$`).FindStringSubmatch(joined)
	if m == nil {
		t.Fatal("no ExecStart")
	}
	state := t.TempDir()
	var line []string
	for _, word := range strings.Fields(m[1]) {
		line = append(line, strings.ReplaceAll(word, "${STATE_DIRECTORY}", state))
	}
	runsAgainstDemo(t, line)
	if _, err := os.Stat(filepath.Join(state, "crosscheck.jsonl")); err != nil {
		t.Error(err)
	}
}

// TestSystemdReadsUnits lets systemd itself read both units.
func TestSystemdReadsUnits(t *testing.T) {
	t.Parallel()
	service, err := os.ReadFile(deployed("crosscheck.service"))
	if err != nil {
		t.Fatal(err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		missing(t, "systemd-analyze, which reads units, is not here (Debian: apt-get install systemd)")
	}
	if _, out := shell(t, ".", nil, analyze, "--version"); regexp.MustCompile(`^systemd (\d\d|1\d\d|2[0-3]\d|24[0-6])\b`).MatchString(out) {
		missing(t, "systemd here is older than 247, whose settings the units use")
	}
	verify := func(service string) string {
		dir := t.TempDir()
		timer, err := os.ReadFile(deployed("crosscheck.timer"))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"crosscheck.service": service, "crosscheck.timer": string(timer)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		status, out := shell(t, dir, nil, analyze, "verify", "--man=no", "./crosscheck.service", "./crosscheck.timer")
		if status != 0 && out == "" {
			out = fmt.Sprint("exit status ", status)
		}
		return out
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	here := strings.ReplaceAll(string(service), "/usr/local/bin/crosscheck", self)
	if out := verify(here); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	if out := verify(here + "ProtectSytem=strict\n"); !strings.Contains(out, "ProtectSytem") {
		t.Errorf("systemd-analyze verify overlooks a misspelled key: %s", out)
	}
}

// TestDockerfile: the images are distroless, run as nobody in particular, and
// start crosscheck; what the build needs is copied in.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(deployed("Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	type stage struct{ base, user, entrypoint string }
	var stages []stage
	goMod, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "FROM":
			fields := strings.Fields(rest)
			if strings.HasPrefix(fields[0], "--") {
				fields = fields[1:]
			}
			stages = append(stages, stage{base: fields[0]})
		case "USER":
			stages[len(stages)-1].user = rest
		case "ENTRYPOINT":
			stages[len(stages)-1].entrypoint = rest
		case "COPY":
			sources := strings.Fields(rest)
			if strings.HasPrefix(sources[0], "--from=") {
				continue
			}
			for _, source := range sources[:len(sources)-1] {
				if _, err := os.Stat(filepath.Join(repo, source)); err != nil {
					t.Errorf("COPY %s: %v", rest, err)
				}
			}
		case "CMD":
			var args []string
			if err := json.Unmarshal([]byte(rest), &args); err != nil {
				t.Fatal(err)
			}
			if status, out := shell(t, t.TempDir(), nil, "crosscheck", args...); status != exitClean {
				t.Errorf("CMD %s: exit status %d\n%s", rest, status, out)
			}
		}
	}
	if len(stages) != 3 || !strings.Contains(string(goMod), "\ngo "+strings.TrimPrefix(stages[0].base, "golang:")) {
		t.Fatalf("stages %v; go.mod asks for another Go", stages)
	}
	for _, s := range stages[1:] {
		if !strings.HasPrefix(s.base, "gcr.io/distroless/static-debian12:") || !strings.HasSuffix(s.base, "nonroot") || s.user != "65532:65532" || s.entrypoint != `["/usr/local/bin/crosscheck"]` {
			t.Errorf("%+v", s)
		}
	}
}

// TestDeployIsWhole: a file that is added to docs/deploy is tested here, too, and
// the page names it.
func TestDeployIsWhole(t *testing.T) {
	t.Parallel()
	known := []string{"Dockerfile", "Dockerfile.dockerignore", "cronjob.yaml", "crosscheck.service", "crosscheck.timer", "github-action/action.yml", "github-workflow.yml", "gitlab-ci.yml"}
	var found []string
	err := filepath.WalkDir(deployed("."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(deployed("."), path)
		found = append(found, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found, known) {
		t.Errorf("docs/deploy holds %v, tested are %v", found, known)
	}
	page, err := os.ReadFile(filepath.Join(repo, "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range known {
		if name != "Dockerfile.dockerignore" && !strings.Contains(string(page), "](deploy/"+name+")") {
			t.Errorf("docs/ci.md does not link to %s", name)
		}
	}
}

// TestTrustOfPipelines: AWS would store the trust policy that docs/ci.md shows, and
// it is for one subject.
func TestTrustOfPipelines(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repo, "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?ms)^```json\n(.*?)^```$").FindSubmatch(page)
	if m == nil {
		t.Fatal("no policy")
	}
	var line bytes.Buffer
	line.WriteString(`{"id":"trust","validate":{"kind":"trust","document":`)
	if err := json.Compact(&line, m[1]); err != nil {
		t.Fatal(err)
	}
	line.WriteString("}}\n")
	status, out, stderr := new(program).answering(t.Context(), line.String(), false, "simulate")
	if status != exitClean || !strings.Contains(out, `"accepted":true`) {
		t.Errorf("exit status %d, %s%s", status, out, stderr)
	}
	if !strings.Contains(string(m[1]), `"StringEquals"`) || strings.Contains(string(m[1]), "*") {
		t.Error("the policy trusts more than one subject")
	}
}
