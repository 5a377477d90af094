import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.runtime.RuntimeInstance;
import org.apache.velocity.runtime.parser.node.SimpleNode;

/**
 * Evaluates mapping templates with Apache Velocity, 1.7 or 2, for a Go test at
 * the other end of stdin and stdout.
 *
 * A request is a line of fields with a blank between them. A field is "-" for
 * null, or "+" and the base64 of its UTF-8 text.
 *
 *   template ID TEXT            parses a template; no answer
 *   vars [NAME VALUE]...        sets the stage variables; "vars -" leaves
 *                               $stageVariables itself undefined; no answer
 *   eval MODE ID [NAME VALUE]...  evaluates for a request with these headers
 *
 * The answer to eval is a line "ok", the output and the names and values of
 * the overrides in the order in which they were set; or "error" and a text.
 *
 * MODE is "stock" for Velocity as it is, or "empty" for a Velocity in which
 * whatever is missing is the empty string, as API Gateway is known to behave.
 *
 * All of it runs in a thread with a small stack, since a regular expression
 * that recurses once a character must not pass unseen.
 */
public class Driver {
  private static final int STACK = 256 * 1024;

  /** Stands for $input; Velocity sees public classes only. */
  public static class Input {
    private final Map<String, Object> params;

    Input(Map<String, Object> params) {
      this.params = params;
    }

    public Map<String, Object> params() {
      return params;
    }
  }

  /** A map which has the empty string for every key it lacks. */
  public static class EmptyMap extends LinkedHashMap<String, Object> {
    @Override
    public Object get(Object key) {
      Object value = super.get(key);
      return value == null ? "" : value;
    }
  }

  /** A context in which an undefined reference is the empty string. */
  public static class EmptyContext extends VelocityContext {
    @Override
    public Object internalGet(String key) {
      Object value = super.internalGet(key);
      return value == null ? "" : value;
    }
  }

  /** The overrides: API Gateway answers 5XX where one is set twice. */
  public static class Overrides extends LinkedHashMap<String, Object> {
    @Override
    public Object put(String key, Object value) {
      if (containsKey(key)) {
        throw new IllegalStateException("override of " + key + " set twice");
      }
      return super.put(key, value);
    }
  }

  private final RuntimeInstance velocity = new RuntimeInstance();
  private final Map<String, Template> templates = new HashMap<>();
  private final Map<String, Exception> unparsed = new HashMap<>();
  private String[] variables = {};

  public static void main(String[] args) throws Exception {
    Throwable[] failure = {null};
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                new Driver().run();
              } catch (Throwable e) {
                failure[0] = e;
              }
            },
            "evaluate",
            STACK);
    thread.start();
    thread.join();
    if (failure[0] != null) {
      failure[0].printStackTrace();
      System.exit(1);
    }
  }

  private void run() throws Exception {
    // Each of these says nothing to the other version.
    velocity.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
    velocity.setProperty("parser.allow_hyphen_in_identifiers", "true");
    velocity.setProperty("directive.if.empty_check", System.getProperty("empty_check", "true"));
    velocity.init();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII));
    for (String line; (line = in.readLine()) != null; ) {
      String[] fields = line.split(" ");
      switch (fields[0]) {
        case "template":
          parse(fields[1], decode(fields[2]));
          break;
        case "vars":
          variables = fields;
          break;
        case "eval":
          String answer;
          try {
            answer = evaluate(fields);
          } catch (Throwable e) {
            StringBuilder text = new StringBuilder();
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
              text.append(cause).append("; ");
            }
            answer = "error " + encode(text.toString());
          }
          out.write(answer);
          out.write('\n');
          // The other end may be waiting for what is still in the buffer.
          if (!in.ready()) {
            out.flush();
          }
          break;
        default:
          throw new IllegalArgumentException(fields[0]);
      }
    }
    out.flush();
  }

  private void parse(String id, String text) {
    try {
      Template template = new Template();
      template.setRuntimeServices(velocity);
      template.setName(id);
      template.setData(tree(new StringReader(text), template));
      template.initDocument();
      templates.put(id, template);
      unparsed.remove(id);
    } catch (Exception e) { // the answer to its evaluations
      unparsed.put(id, e);
    }
  }

  /** Parses: version 1.7 takes the template's name, version 2 the template. */
  private SimpleNode tree(Reader text, Template template) throws Exception {
    for (Method m : RuntimeInstance.class.getMethods()) {
      Class<?>[] types = m.getParameterTypes();
      if (m.getName().equals("parse") && types.length == 2 && types[0] == Reader.class) {
        return (SimpleNode) m.invoke(velocity, text, types[1] == String.class ? template.getName() : template);
      }
    }
    throw new IllegalStateException("no way to parse a template");
  }

  private String evaluate(String[] fields) throws Exception {
    if (unparsed.containsKey(fields[2])) {
      throw unparsed.get(fields[2]);
    }
    boolean empty = fields[1].equals("empty");
    Map<String, Object> header = map(empty);
    for (int i = 3; i < fields.length; i += 2) {
      header.put(decode(fields[i]), decode(fields[i + 1]));
    }
    Map<String, Object> params = map(empty);
    params.put("header", header);
    params.put("path", map(empty));
    params.put("querystring", map(empty));
    Overrides overrides = new Overrides();
    Map<String, Object> responseOverride = map(empty);
    responseOverride.put("header", overrides);
    Map<String, Object> requestContext = map(empty);
    requestContext.put("responseOverride", responseOverride);

    VelocityContext context = empty ? new EmptyContext() : new VelocityContext();
    context.put("input", new Input(params));
    context.put("context", requestContext);
    if (variables.length < 2 || !variables[1].equals("-")) {
      Map<String, Object> stageVariables = map(empty);
      for (int i = 1; i < variables.length; i += 2) {
        stageVariables.put(decode(variables[i]), decode(variables[i + 1]));
      }
      context.put("stageVariables", stageVariables);
    }

    StringWriter text = new StringWriter();
    templates.get(fields[2]).merge(context, text);
    StringBuilder answer = new StringBuilder("ok ").append(encode(text.toString()));
    for (Map.Entry<String, Object> e : overrides.entrySet()) {
      answer.append(' ').append(encode(e.getKey()));
      answer.append(' ').append(encode(String.valueOf(e.getValue())));
    }
    return answer.toString();
  }

  private static Map<String, Object> map(boolean empty) {
    return empty ? new EmptyMap() : new LinkedHashMap<>();
  }

  private static String decode(String field) {
    if (field.equals("-")) {
      return null;
    }
    return new String(Base64.getDecoder().decode(field.substring(1)), StandardCharsets.UTF_8);
  }

  private static String encode(String text) {
    return "+" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
