import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/**
 * Renders templates with Apache Velocity: one template a line in, base64; one answer a line out, OK or ERR and base64.
 *
 * After a blank a line may have a header's name, the stage variable corsOrigins and the header's value, each base64:
 * then $input.params().header, $stageVariables and $context.responseOverride.header are there, and what was set in the
 * last is printed after the text.
 */
public class Driver {
  public static void main(String[] args) throws Exception {
    VelocityEngine engine = new VelocityEngine();
    engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
    engine.setProperty("velocimacro.permissions.allow.inline.local.scope", "true");
    engine.init();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "US-ASCII"));
    PrintStream out = new PrintStream(System.out, false, "US-ASCII");
    String line;
    int number = 0;
    while ((line = in.readLine()) != null) {
      String[] fields = line.split(" ", -1);
      String template = decode(fields[0]);
      StringWriter result = new StringWriter();
      String status = "OK";
      String text;
      try {
        VelocityContext c = context();
        Map<String, Object> overrides = new LinkedHashMap<String, Object>();
        if (fields.length == 4) {
          Map<String, Object> header = new LinkedHashMap<String, Object>();
          if (!fields[1].isEmpty()) {
            header.put(decode(fields[1]), decode(fields[3]));
          }
          Map<String, Object> variables = new LinkedHashMap<String, Object>();
          variables.put("corsOrigins", decode(fields[2]));
          Map<String, Object> response = new LinkedHashMap<String, Object>();
          response.put("header", overrides);
          Map<String, Object> gateway = new LinkedHashMap<String, Object>();
          gateway.put("responseOverride", response);
          c.put("input", new Input(header));
          c.put("stageVariables", variables);
          c.put("context", gateway);
        }
        engine.evaluate(c, result, "template" + number++, template);
        text = result.toString();
        if (fields.length == 4) {
          text += "|" + overrides;
        }
      } catch (Throwable t) {
        status = "ERR";
        text = t.toString();
      }
      out.println(status + " " + Base64.getEncoder().encodeToString(text.getBytes("UTF-8")));
    }
    out.flush();
  }

  private static String decode(String base64) throws Exception {
    return new String(Base64.getDecoder().decode(base64), "UTF-8");
  }

  /** Stands for API Gateway's $input. */
  public static class Input {
    private final Map<String, Object> header;

    Input(Map<String, Object> header) {
      this.header = header;
    }

    public Map<String, Object> params() {
      Map<String, Object> all = new LinkedHashMap<String, Object>();
      all.put("header", header);
      return all;
    }
  }

  /** The variables; differential_test.go has the same. */
  private static VelocityContext context() {
    VelocityContext c = new VelocityContext();
    c.put("s", "Hello");
    c.put("e", "");
    c.put("o", "https://app.example.com");
    c.put("n", 5);
    c.put("z", 0);
    c.put("f", 2.5);
    c.put("t", true);
    c.put("b", false);
    List<Object> l = new ArrayList<Object>(Arrays.asList("a", "b", 3));
    c.put("l", l);
    Map<String, Object> inner = new LinkedHashMap<String, Object>();
    inner.put("x", "y");
    Map<String, Object> m = new LinkedHashMap<String, Object>();
    m.put("k", "v");
    m.put("x-y", 1);
    m.put("nul", null);
    m.put("in", inner);
    m.put("li", new ArrayList<Object>(Arrays.asList("p", "q")));
    c.put("m", m);
    return c;
  }
}
