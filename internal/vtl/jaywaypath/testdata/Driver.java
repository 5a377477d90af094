import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import net.minidev.json.JSONValue;

/** Says what a path reads of a document: both base64 in a line, the JSON of the answer in a line, base64, or NONE or ERR. */
public class Driver {
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "US-ASCII"));
    PrintStream out = new PrintStream(System.out, false, "US-ASCII");
    String line;
    while ((line = in.readLine()) != null) {
      String[] fields = line.split(" ", -1);
      try {
        Object v = JsonPath.read(decode(fields[0]), decode(fields[1]));
        out.println(Base64.getEncoder().encodeToString(JSONValue.toJSONString(v).getBytes(StandardCharsets.UTF_8)));
      } catch (PathNotFoundException e) {
        out.println("NONE");
      } catch (RuntimeException e) {
        out.println("ERR");
      }
    }
    out.flush();
  }

  static String decode(String s) {
    return new String(Base64.getDecoder().decode(s), StandardCharsets.UTF_8);
  }
}
